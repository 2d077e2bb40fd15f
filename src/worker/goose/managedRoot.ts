/**
 * Folders of Goose's own for one run, made from a provider that was chosen in Task Master: the user's configuration of Goose
 * takes no part. Sessions lie in a folder that stays; configuration, logs (which hold every prompt) and secrets go with the run.
 */
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import type { ManagedGoose } from "../../protocol/handlers.ts";
import { makeFolder } from "../process/makeFolder.ts";

/** What Goose is started with on such folders. */
export interface ManagedRoot {
  readonly env: Readonly<Record<string, string>>;
  /**
   * Does what lets Goose read its secrets. It reads them when it opens a session and keeps them (measured), so their file is there for that
   * moment alone: no command that runs later can find it, and no variable holds them.
   */
  readonly withSecrets: <T>(work: () => Promise<T>) => Promise<T>;
}

/** The parts of a managed Goose that are chosen; without a provider it can only be asked what it knows. */
export type ManagedRootOptions = Pick<ManagedGoose, "dataDirectory" | "config" | "secrets"> & Partial<Pick<ManagedGoose, "provider" | "model">>;

/** Makes the folders inside a private one that is deleted afterwards. */
export async function makeManagedRoot(privateFolder: string, { dataDirectory, provider, model, config, secrets }: ManagedRootOptions): Promise<ManagedRoot> {
  const root = path.join(privateFolder, "goose");
  const configFolder = path.join(root, "config");
  await rm(root, { recursive: true, force: true });
  await mkdir(configFolder, { recursive: true, mode: 0o700 });
  await makeFolder(dataDirectory);
  await symlink(dataDirectory, path.join(root, "data"), "junction");
  const chosen = { ...(provider === undefined ? {} : { GOOSE_PROVIDER: provider }), ...(model === undefined ? {} : { GOOSE_MODEL: model }) };
  // JSON is YAML too.
  await writeFile(path.join(configFolder, "config.yaml"), JSON.stringify({ ...config, ...chosen, extensions }, undefined, 2), { mode: 0o600 });
  const secretsFile = path.join(configFolder, "secrets.yaml");
  return {
    env: { GOOSE_PATH_ROOT: root, GOOSE_DISABLE_KEYRING: "1", ...chosen },
    withSecrets: async (work) => {
      try {
        await writeFile(secretsFile, JSON.stringify(secrets), { mode: 0o600 });
        return await work();
      } finally {
        await rm(secretsFile, { force: true });
      }
    },
  };
}

const platformExtension = (name: string, enabled: boolean): object => ({ type: "platform", name, description: name, enabled });

/** Only what works through us: shell, files, the list of what is to do. Everything else that Goose brings would work past us. */
const extensions = {
  developer: { type: "builtin", name: "developer", description: "developer", enabled: true },
  todo: platformExtension("todo", true),
  ...Object.fromEntries(
    ["analyze", "apps", "chatrecall", "extensionmanager", "scheduler", "skills", "summon", "tom"].map((name) => [name, platformExtension(name, false)]),
  ),
};
