import { constants } from "node:fs";
import { access, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";

export interface LocateOptions {
  /** The user's setting. */
  readonly setting?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where work happens: a program from in here is never run. */
  readonly workspace: string;
}

const fileName = process.platform === "win32" ? "goose.exe" : "goose";

const installHelp =
  'Install Goose (https://github.com/aaif-goose/goose), or tell where it is in the setting "taskMaster.goose.path" or the variable GOOSE_BINARY.';

/**
 * Finds the Goose program: the setting, GOOSE_BINARY, the PATH, the usual places of installers. The first two are
 * wishes: when they are wrong, nothing else is tried. Returns an absolute path; never one inside the workspace.
 */
export async function locateGoose({ setting, env, workspace }: LocateOptions): Promise<string> {
  const forbidden = await forbiddenFolders(workspace);
  const home = env["HOME"] ?? env["USERPROFILE"];
  const wishes = [
    { file: setting, from: 'the setting "taskMaster.goose.path"' },
    { file: env["GOOSE_BINARY"], from: "the variable GOOSE_BINARY" },
  ];
  for (const { file, from } of wishes) {
    if (file !== undefined && file.trim() !== "") return explicit(expandHome(file.trim(), home), from, forbidden);
  }
  const folders = [...pathFolders(env), ...usualFolders(home)];
  let notExecutable: string | undefined;
  for (const folder of folders) {
    const file = path.join(folder, fileName);
    const state = await inspect(file, forbidden);
    if (state === "ok") return file;
    if (state === "not executable") notExecutable ??= file;
  }
  if (notExecutable !== undefined) throw notExecutableError(notExecutable);
  throw new TaskMasterError("GOOSE_NOT_FOUND", `Goose was not found. Looked for "${fileName}" on the PATH and in the usual folders. ${installHelp}`, {
    details: `Looked in: ${folders.join(", ")}`,
  });
}

async function explicit(file: string, from: string, forbidden: readonly string[]): Promise<string> {
  if (!path.isAbsolute(file)) throw notFound(`${from} must be an absolute path, not "${file}".`);
  switch (await inspect(file, forbidden)) {
    case "ok":
      return file;
    case "not executable":
      throw notExecutableError(file);
    case "forbidden":
      throw notFound(`${from} points into the workspace (${file}); a program from there is never run.`);
    case "missing":
      throw notFound(`${from} points to "${file}", where no file is.`);
  }
}

function notFound(why: string): TaskMasterError {
  return new TaskMasterError("GOOSE_NOT_FOUND", `Goose was not found: ${why} ${installHelp}`);
}

function notExecutableError(file: string): TaskMasterError {
  return new TaskMasterError(
    "GOOSE_NOT_EXECUTABLE",
    `"${file}" cannot be executed. Make it executable (chmod +x), or choose another Goose in the setting "taskMaster.goose.path".`,
  );
}

async function inspect(file: string, forbidden: readonly string[]): Promise<"ok" | "missing" | "not executable" | "forbidden"> {
  const real = await realpath(file).catch(() => undefined);
  if (real === undefined) return "missing";
  if (forbidden.some((folder) => isInside(folder, real) || isInside(folder, file))) return "forbidden";
  const info = await stat(real).catch(() => undefined);
  if (info === undefined || !info.isFile()) return "not executable";
  return access(real, constants.X_OK).then(
    () => "ok" as const,
    () => "not executable" as const,
  );
}

function pathFolders(env: Readonly<Record<string, string | undefined>>): string[] {
  const name = Object.keys(env).find((key) => (process.platform === "win32" ? key.toUpperCase() === "PATH" : key === "PATH"));
  const folders = (name === undefined ? "" : (env[name] ?? "")).split(path.delimiter);
  // A relative entry (also an empty one) means the current folder: that is somebody else's.
  return folders.filter((folder) => path.isAbsolute(folder));
}

function usualFolders(home: string | undefined): string[] {
  const own = home !== undefined && path.isAbsolute(home) ? [path.join(home, ".local", "bin")] : [];
  return process.platform === "win32" ? own : [...own, "/opt/homebrew/bin", "/usr/local/bin", "/home/linuxbrew/.linuxbrew/bin"];
}

function expandHome(file: string, home: string | undefined): string {
  return home !== undefined && /^~[/\\]/.test(file) ? path.join(home, file.slice(2)) : file;
}

/** The workspace, and for a linked worktree also the repository that it belongs to. */
async function forbiddenFolders(workspace: string): Promise<string[]> {
  const pointer = await readFile(path.join(workspace, ".git"), "utf8").catch(() => "");
  const gitDir = /^gitdir: (.+)$/m.exec(pointer)?.[1];
  const repository = gitDir === undefined ? undefined : /^(.*)[/\\]\.git[/\\]worktrees[/\\][^/\\]+$/.exec(gitDir.trim())?.[1];
  const folders = [workspace, ...(repository === undefined ? [] : [repository])];
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
  return [...new Set([...folders, ...real])];
}

function isInside(folder: string, file: string): boolean {
  const relative = path.relative(folder, file);
  return relative === "" || (relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative));
}
