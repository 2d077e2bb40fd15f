import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

/** node:sqlite is there without a flag from this version on. */
const needed = [22, 13] as const;

/** Whether this Node has node:sqlite: not before Node 22.5, and it can be switched off. */
export function hasSqlite(): boolean {
  const load = (process as Partial<Pick<NodeJS.Process, "getBuiltinModule">>).getBuiltinModule;
  return load?.call(process, "node:sqlite") !== undefined;
}

/** Whether a Node of this version ("22.13.0") has node:sqlite by default. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

/** Finds a new enough Node in the npm package `node` inside or beside this package. */
export function findNode(packageRoot: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const folders = [path.join(packageRoot, "node_modules", "node"), path.join(packageRoot, "..", "node")];
  const file = path.join("bin", platform === "win32" ? "node.exe" : "node");
  return folders
    .filter((folder) => isNewEnough(packageVersion(folder)))
    .map((folder) => path.join(folder, file))
    .find((each) => existsSync(each));
}

function packageVersion(folder: string): string {
  try {
    const { version } = JSON.parse(readFileSync(path.join(folder, "package.json"), "utf8")) as { version?: unknown };
    return typeof version === "string" ? version : "";
  } catch {
    return "";
  }
}

/** How a process ended: one of the two is set. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Runs a script with another Node in our place: same terminal, signals passed on; resolves when it has ended. */
export function runWith(node: string, args: readonly string[]): Promise<ProcessEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { stdio: "inherit" });
    // A terminal sends Ctrl-C to both; the child ignores the repetition (see signals.ts).
    const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
    const signals: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, pass);
    const release = (): void => {
      for (const signal of signals) process.removeListener(signal, pass);
    };
    child.once("error", (error) => {
      release();
      reject(error);
    });
    child.once("exit", (code, signal) => {
      release();
      resolve({ code, signal });
    });
  });
}

/** Ends this process as the other one ended. */
export function endLike({ code, signal }: ProcessEnd): void {
  process.exitCode = code ?? 1;
  if (signal !== null) process.kill(process.pid, signal);
}

/** What to tell when no Node with node:sqlite can be found; as NDJSON when the caller asked for it. */
export function sqliteMissing(version: string, json: boolean): string {
  const message = `Node ${version} has no node:sqlite. Task Master needs Node ${needed.join(".")} or later: install it, or add the npm package "node" beside task-master-goose.`;
  return json ? `${JSON.stringify({ v: 1, type: "error", seq: 1, code: "SQLITE_MISSING", message })}\n` : `error: ${message}\n`;
}
