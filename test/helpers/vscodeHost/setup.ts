/**
 * Makes a real VS Code ready for tests: code-server from npm, which is VS Code's own workbench and extension host.
 * (@vscode/test-electron's download of the desktop application is out of reach on machines with only a package registry.)
 * It lives outside the repository and is made once for a machine: `node test/helpers/vscodeHost/setup.ts`.
 */
import { createHash } from "node:crypto";
import { accessSync, constants, existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { cacheFolder, npm, npmInstall, run } from "../npm.ts";

/** The pinned version; 4.139.1 is VS Code 1.139.1 and needs Node 24. */
export const codeServerVersion = "4.139.1";

/** A ready installation. */
export interface VscodeHost {
  readonly dir: string;
  /** The Node that runs the server. */
  readonly node: string;
  /** code-server's entry script. */
  readonly serverEntry: string;
  /** Executable that takes VS Code's test arguments: the vscodeExecutablePath of @vscode/test-electron. */
  readonly executable: string;
}

/** Takes one line of progress. */
export type SetUpLog = (line: string) => void;

const stampName = "complete.json";

/** Makes the host ready (about a minute the first time, at once afterwards). Several processes may call it together. */
export async function setUpHost(log: SetUpLog = () => undefined): Promise<VscodeHost> {
  const dir = hostFolder();
  await mkdir(path.dirname(dir), { recursive: true });
  if (!existsSync(path.join(dir, stampName))) await build(dir, log);
  return { dir, node: process.execPath, serverEntry: serverEntryIn(dir), executable: await writeLauncher(dir) };
}

/** Path of a Chromium or Chrome: CHROMIUM_PATH, else the first on the PATH. */
export function findChromium(): string {
  const given = process.env["CHROMIUM_PATH"];
  const folders = [...(process.env["PATH"] ?? "").split(path.delimiter), "/usr/bin"].filter((folder) => folder !== "");
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  const candidates = given === undefined ? names.flatMap((name) => folders.map((folder) => path.join(folder, name))) : [given];
  const found = candidates.find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(
    given === undefined
      ? 'No Chromium for the tests in VS Code: run "apt-get install chromium" or set CHROMIUM_PATH.'
      : `CHROMIUM_PATH is not an executable file: ${given}`,
  );
}

function hostFolder(): string {
  return path.join(cacheFolder(), `vscode-host-${codeServerVersion}`);
}

function serverEntryIn(dir: string): string {
  return path.join(dir, "node_modules/code-server/out/node/entry.js");
}

/** Builds in a sibling folder and renames it, so that nobody ever sees a half-made installation as complete. */
async function build(dir: string, log: SetUpLog): Promise<void> {
  if (Number(process.versions.node.split(".")[0]) !== 24) throw new Error(`code-server ${codeServerVersion} needs Node 24, this is ${process.version}`);
  await removeAbandoned(dir);
  const work = await mkdtemp(`${dir}.${process.pid}-`);
  try {
    log(`Installing code-server ${codeServerVersion} into ${dir}`);
    await install(work, log);
    await publish(work, dir);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function install(work: string, log: SetUpLog): Promise<void> {
  await npmInstall(work, [`code-server@${codeServerVersion}`]);
  // The package ships its VS Code without dependencies; its own install script would also compile what tests do not need.
  const vscode = path.join(work, "node_modules/code-server/lib/vscode");
  log("Installing the dependencies of VS Code");
  await npm(vscode, ["install", "--omit=dev", "--ignore-scripts", "--no-save"]);
  await npm(path.join(vscode, "extensions"), ["install", "--omit=dev", "--ignore-scripts", "--no-save"]);
  log("Compiling the native modules");
  const nativeModules = await compileNativeModules(work, vscode);
  if (!nativeModules) log("Going on without them (no compiler?): VS Code works, but logs errors about spdlog and the file watcher");
  const { stdout } = await run(process.execPath, [serverEntryIn(work), "--version"], { cwd: work });
  await writeFile(path.join(work, stampName), `${JSON.stringify({ version: stdout.trim(), node: process.version, nativeModules })}\n`);
}

async function compileNativeModules(work: string, vscode: string): Promise<boolean> {
  try {
    // Always given, as the user's npmrc may point nodedir at the headers of another Node.
    const nodedir = await nodeWithHeaders(path.join(work, "headers"));
    await npm(vscode, ["rebuild", "@vscode/spdlog", "@vscode/native-watchdog"], { npm_config_nodedir: nodedir });
    return true;
  } catch {
    return false;
  } finally {
    await rm(path.join(work, "headers"), { recursive: true, force: true });
  }
}

async function nodeWithHeaders(folder: string): Promise<string> {
  const own = path.resolve(process.execPath, "../..");
  if (existsSync(path.join(own, "include/node/node.h"))) return own;
  // The npm package "node" has only the executable; those of the platforms have the headers too.
  const name = `node-${process.platform}-${process.arch}`;
  await mkdir(folder);
  await npmInstall(folder, [`${name}@${process.versions.node}`]);
  return path.join(folder, "node_modules", name);
}

async function publish(work: string, dir: string): Promise<void> {
  try {
    await rename(work, dir);
  } catch (error) {
    if (existsSync(path.join(dir, stampName))) return; // Another process was faster.
    if (!existsSync(dir)) throw error;
    await rm(dir, { recursive: true, force: true });
    await rename(work, dir);
  }
}

async function removeAbandoned(dir: string): Promise<void> {
  const prefix = `${path.basename(dir)}.`;
  for (const name of await readdir(path.dirname(dir))) {
    const pid = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    if (pid > 0 && !isAlive(pid)) await rm(path.join(path.dirname(dir), name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** test-electron spawns one file without arguments of its own, so the call of Node has to be inside a file. */
async function writeLauncher(dir: string): Promise<string> {
  const shim = fileURLToPath(new URL("./vscodeShim.ts", import.meta.url));
  const text = `#!/bin/sh\nexec ${shellQuote(process.execPath)} ${shellQuote(shim)} "$@"\n`;
  // One file for each checkout of the repository and Node, named by its content.
  const file = path.join(dir, `code-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`);
  if ((await readFile(file, "utf8").catch(() => "")) !== text) {
    const draft = `${file}.${process.pid}`;
    await writeFile(draft, text, { mode: 0o755 });
    await rename(draft, file);
  }
  return file;
}

function shellQuote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) {
  const host = await setUpHost((line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`${host.executable}\n`);
}
