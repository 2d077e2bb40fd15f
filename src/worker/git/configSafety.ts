import { TaskMasterError } from "../../model/errors.ts";
import type { HardenedGit } from "./hardenedGit.ts";

/** One value of git's configuration and where it comes from. */
export interface ConfigEntry {
  /** system, global, local, worktree or command. */
  readonly scope: string;
  readonly origin: string;
  /** Section and name in lower case, subsection as written. */
  readonly key: string;
  readonly value: string;
}

/** refuse: throw GIT_UNSAFE; neutralise: switch the drivers off, so that work can at least be saved as it is on disk. */
export type UnsafeDrivers = "refuse" | "neutralise";

// core.gitProxy: the first value wins, so a later `-c` cannot replace it.
const driverKey = /^(filter\..*\.(clean|smudge|process)|merge\..*\.driver|core\.gitproxy)$/s;
const gitLfs = /^git-lfs (clean -- %f|smudge( --skip)? -- %f|filter-process( --skip)?)$/;

/**
 * Reads the configuration that applies in git's place and gives the `-c` settings that take away what the repository
 * itself could run. Values of the user and the system stay: they are the user's own choice.
 * @throws GIT_UNSAFE for drivers in the repository's configuration (`-c` cannot stop them without changing the content).
 */
export async function repositoryOverrides(git: HardenedGit, drivers: UnsafeDrivers): Promise<readonly string[]> {
  const entries = parseConfigList(await git.run(["config", "--list", "--show-scope", "--show-origin", "--includes", "-z"]));
  const own = entries.filter(({ scope }) => scope === "local" || scope === "worktree");
  const unsafeDrivers = own.filter(isUnsafeDriver);
  const first = unsafeDrivers[0];
  if (first !== undefined && (drivers === "refuse" || unsafeDrivers.some(({ key }) => key.includes("=")))) throw unsafeDriverError(first);
  return [...unsafeDrivers.flatMap(switchOff), ...own.flatMap(resetCommand)];
}

/** Parses `git config --list --show-scope --show-origin -z`. */
export function parseConfigList(output: string): ConfigEntry[] {
  const fields = output.split("\0");
  const entries: ConfigEntry[] = [];
  for (let i = 0; i + 2 < fields.length; i += 3) {
    const [scope = "", origin = "", setting = ""] = fields.slice(i, i + 3);
    const end = setting.indexOf("\n");
    entries.push({ scope, origin, key: end < 0 ? setting : setting.slice(0, end), value: end < 0 ? "" : setting.slice(end + 1) });
  }
  return entries;
}

function isUnsafeDriver({ key, value }: ConfigEntry): boolean {
  if (!driverKey.test(key) || value === "") return false;
  return !(key.startsWith("filter.lfs.") && gitLfs.test(value));
}

function switchOff({ key }: ConfigEntry): string[] {
  if (key === "core.gitproxy") return ["protocol.git.allow=never"];
  const driver = key.slice(0, key.lastIndexOf("."));
  return driver.startsWith("filter.") ? [`${key}=`, `${driver}.required=false`] : [`${key}=false`];
}

/** Commands that a fetch of missing objects (partial clone) would run. */
function resetCommand({ key }: ConfigEntry): string[] {
  if (key.includes("=")) return [];
  if (key === "core.sshcommand") return ["core.sshCommand=ssh"];
  if (key === "core.alternaterefscommand") return ["core.alternateRefsCommand=true"];
  if (/^credential\.(.*\.)?helper$/s.test(key)) return [`${key}=`];
  const pack = /^remote\..*\.(uploadpack|receivepack)$/s.exec(key)?.[1];
  return pack === undefined ? [] : [`${key}=git-${pack.replace("pack", "-pack")}`];
}

function unsafeDriverError({ key, origin, value }: ConfigEntry): TaskMasterError {
  const file = origin.replace(/^file:/, "");
  return new TaskMasterError(
    "GIT_UNSAFE",
    `The configuration of this repository (${file}) sets ${key}, a program that Git would run. ` +
      `If it is yours, move it to your own configuration: git config --global "${key}" "..." and git config --local --unset-all "${key}". ` +
      `If you do not know it, remove it.`,
    { details: `${key}=${value.slice(0, 500)}` },
  );
}
