import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";

/** Name and e-mail for commits; absent fields come from git's own configuration. */
export interface CommitIdentity {
  readonly name?: string;
  readonly email?: string;
}

// Everything else (provider keys, GIT_DIR, GIT_SSH_COMMAND, EDITOR, askpass helpers ...) stays with the host.
const inherited = new Set([
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "EMAIL",
  "TMPDIR",
  "TMP",
  "TEMP",
  "XDG_CONFIG_HOME",
  "XDG_CACHE_HOME",
  "SSH_AUTH_SOCK",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "ALL_PROXY",
  "GIT_CONFIG_GLOBAL",
  "GIT_CONFIG_SYSTEM",
  "GIT_CONFIG_NOSYSTEM",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
  "GIT_AUTHOR_NAME",
  "GIT_AUTHOR_EMAIL",
  "GIT_COMMITTER_NAME",
  "GIT_COMMITTER_EMAIL",
  // Windows
  "USERPROFILE",
  "HOMEDRIVE",
  "HOMEPATH",
  "APPDATA",
  "LOCALAPPDATA",
  "PROGRAMDATA",
  "PROGRAMFILES",
  "SYSTEMROOT",
  "SYSTEMDRIVE",
  "WINDIR",
  "COMSPEC",
  "PATHEXT",
]);

let lastFound: { readonly searched: string; readonly binary: string } | undefined;

/** The whole environment of a git process: the allowed part of `source`, our constants, and the identity when one is set. */
export function gitEnvironment(source: NodeJS.ProcessEnv, identity: CommitIdentity = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(source)) {
    if (value !== undefined && inherited.has(name.toUpperCase())) environment[name] = value;
  }
  // A relative entry of PATH would let the repository bring its own git, ssh or git-lfs.
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  environment[pathName] = absoluteEntries(environment[pathName]).join(path.delimiter);
  return {
    ...environment,
    // Errors are told apart by their English text.
    LC_ALL: "C",
    GIT_TERMINAL_PROMPT: "0",
    // Looking must not take locks away from the user's own git.
    GIT_OPTIONAL_LOCKS: "0",
    ...identityVariables(identity),
  };
}

/** Absolute path of git, looked for in the absolute entries of PATH only (Windows would search the working directory first). */
export async function findGit(environment: Readonly<Record<string, string>>): Promise<string> {
  const pathName = Object.keys(environment).find((name) => name.toUpperCase() === "PATH");
  const searched = pathName === undefined ? "" : (environment[pathName] ?? "");
  if (lastFound?.searched === searched && (await isExecutable(lastFound.binary))) return lastFound.binary;
  const fileName = process.platform === "win32" ? "git.exe" : "git";
  for (const folder of absoluteEntries(searched)) {
    const binary = path.join(folder, fileName);
    if (!(await isExecutable(binary))) continue;
    lastFound = { searched, binary };
    return binary;
  }
  throw new TaskMasterError(
    "GIT_NOT_FOUND",
    "Git was not found. Install Git (https://git-scm.com/downloads) and make sure that it is on the PATH, then restart VS Code.",
  );
}

function absoluteEntries(value: string | undefined): string[] {
  return (value ?? "").split(path.delimiter).filter((entry) => path.isAbsolute(entry));
}

function identityVariables({ name, email }: CommitIdentity): Record<string, string> {
  const variables: Record<string, string> = {};
  const cleanName = clean(name);
  const cleanEmail = clean(email);
  if (cleanName !== "") variables["GIT_AUTHOR_NAME"] = variables["GIT_COMMITTER_NAME"] = cleanName;
  if (cleanEmail !== "") variables["GIT_AUTHOR_EMAIL"] = variables["GIT_COMMITTER_EMAIL"] = cleanEmail;
  return variables;
}

/** Control characters would end the environment string or the line in the commit. */
function clean(text: string | undefined): string {
  return (text ?? "").replace(/\p{Cc}/gu, "").trim();
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
