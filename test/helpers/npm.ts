/** npm for what tests and benchmarks install outside the repository. */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** The folder for what is installed once for a machine: task-master-goose in the user's cache directory. */
export function cacheFolder(): string {
  const given = process.env["XDG_CACHE_HOME"];
  const cache = given !== undefined && path.isAbsolute(given) ? given : path.join(homedir(), ".cache");
  return path.join(cache, "task-master-goose");
}

/** Installs packages into a folder without running their scripts. */
export async function npmInstall(folder: string, packages: readonly string[]): Promise<void> {
  // A package.json of its own stops npm from installing into a parent folder.
  await writeFile(path.join(folder, "package.json"), '{"private":true}\n');
  await npm(folder, ["install", "--no-save", "--ignore-scripts", ...packages]);
}

/** Runs npm in a folder under the Node of this process; rejects when it fails. */
export async function npm(cwd: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}): Promise<void> {
  const quiet = { npm_config_loglevel: "error", npm_config_audit: "false", npm_config_fund: "false", npm_config_prefer_offline: "true" };
  const nodeFirst = [path.dirname(process.execPath), process.env["PATH"]].join(path.delimiter);
  const env = { ...process.env, ...quiet, npm_config_workspaces: "false", PATH: nodeFirst, ...extra };
  const script = process.env["npm_execpath"];
  if (script?.endsWith("npm-cli.js") === true) await run(process.execPath, [script, ...args], { cwd, env });
  else await run("npm", args, { cwd, env });
}

/** Runs a program to its end; rejects when it fails. */
export async function run(file: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }): Promise<{ stdout: string }> {
  return promisify(execFile)(file, args, { ...options, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}
