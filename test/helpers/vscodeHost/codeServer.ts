/** Runs code-server with a profile of its own: settings, extensions and data never mix with the user's. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { waitFor } from "../leakCheck.ts";
import { createTempDir } from "../tempRepo.ts";
import type { VscodeHost } from "./setup.ts";

/** Where one server keeps its data. */
export interface ServerProfile {
  readonly userDataDir: string;
  readonly extensionsDir: string;
  readonly configFile: string;
}

/** How a server is started. */
export interface ServerOptions {
  /** Default 0 (any). VS Code's storage folder depends on it: tests of persistence need a fixed one. */
  readonly port?: number;
  /** Added to the environment of the server, which the extension host inherits. */
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** Leave workspace trust on (default off). */
  readonly workspaceTrust?: boolean;
}

/** A running server. */
export interface CodeServer extends AsyncDisposable {
  /** http://127.0.0.1:<port> */
  readonly url: string;
  readonly pid: number;
  /** Everything the server has printed. */
  log(): string;
  /** Processes that run extensions now; one for each open window. */
  extensionHosts(): Promise<number[]>;
  /** Ends the whole process group and waits until it is gone. */
  stop(): Promise<void>;
}

const quietSettings = {
  "workbench.startupEditor": "none",
  "workbench.enableExperiments": false,
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  // Some editors open in a modal otherwise, and hovers cover what a test wants to click.
  "workbench.editor.useModal": "off",
  "workbench.hover.delay": 60_000,
  "telemetry.telemetryLevel": "off",
  "extensions.autoUpdate": "off",
  "extensions.autoCheckUpdates": false,
  "update.mode": "none",
  "git.openRepositoryInParentFolders": "never",
  "chat.disableAIFeatures": true,
};

/** Makes a profile in a temporary folder; the path is short because the server keeps a unix socket in it. */
export function createProfile(settings: Readonly<Record<string, unknown>> = {}): ServerProfile & Disposable {
  const folder = createTempDir("tmh-");
  const profile = profileIn(folder.dir, { settings });
  return { ...profile, [Symbol.dispose]: () => folder.dispose() };
}

/** Makes a profile in a folder, with data and extensions elsewhere if they are given. */
export function profileIn(
  dir: string,
  {
    userDataDir = path.join(dir, "user"),
    extensionsDir = path.join(dir, "ext"),
    settings = {},
  }: Partial<ServerProfile> & { settings?: Readonly<Record<string, unknown>> } = {},
): ServerProfile {
  const configFile = path.join(dir, "config.yaml");
  mkdirSync(path.join(userDataDir, "User"), { recursive: true });
  mkdirSync(extensionsDir, { recursive: true });
  // Without a file of its own code-server writes one into the home folder.
  writeFileSync(configFile, "auth: none\ncert: false\n");
  writeFileSync(path.join(userDataDir, "User/settings.json"), JSON.stringify({ ...quietSettings, ...settings }, null, 2));
  return { userDataDir, extensionsDir, configFile };
}

/** Installs a packaged extension into the profile. */
export async function installVsix(host: VscodeHost, profile: ServerProfile, vsix: string): Promise<void> {
  const args = [host.serverEntry, ...profileArgs(profile), "--install-extension", vsix, "--force"];
  await promisify(execFile)(host.node, args, { env: serverEnv(), timeout: 60_000 });
}

/** Starts a server in a process group of its own and waits until it listens. */
export async function startServer(host: VscodeHost, profile: ServerProfile, options: ServerOptions = {}): Promise<CodeServer> {
  const child = spawn(host.node, [host.serverEntry, ...profileArgs(profile), ...serverArgs(options)], {
    stdio: ["ignore", "pipe", "pipe"],
    env: serverEnv(options.env),
    detached: true,
  });
  const killAtExit = (): void => void signalGroup(child, "SIGKILL");
  process.once("exit", killAtExit);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text: string) => void (output += text));
  child.once("error", (error) => void (output += String(error)));
  const stop = async (): Promise<void> => {
    await endGroup(child);
    process.removeListener("exit", killAtExit);
  };
  try {
    const started = (): string | undefined => /HTTP server listening on (http:\/\/[\d.]+:\d+)/.exec(output)?.[1];
    await waitFor(() => started() ?? hasEnded(child), { timeoutMs: 60_000, what: () => `the server to listen; it printed:\n${output}` });
    const url = started();
    if (url === undefined || child.pid === undefined) throw new Error(`the server ended at its start; it printed:\n${output}`);
    const { pid } = child;
    return { url, pid, log: () => output, extensionHosts: () => extensionHostsBelow(pid), stop, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function profileArgs({ configFile, userDataDir, extensionsDir }: ServerProfile): string[] {
  return ["--config", configFile, "--user-data-dir", userDataDir, "--extensions-dir", extensionsDir];
}

function serverArgs({ port = 0, args = [], workspaceTrust = false }: ServerOptions): string[] {
  const address = ["--auth", "none", "--bind-addr", `127.0.0.1:${port}`];
  const quiet = ["--disable-telemetry", "--disable-update-check", "--disable-getting-started-override", "--ignore-last-opened"];
  const trust = workspaceTrust ? [] : ["--disable-workspace-trust"];
  // A window that vanished keeps its extension host for three hours otherwise.
  return [...address, ...quiet, ...trust, "--reconnection-grace-time", "2", ...args];
}

function serverEnv(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  // In a terminal of VS Code these variables would make code-server talk to that window instead of starting.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VSCODE_|ELECTRON_|NODE_OPTIONS$|VITEST)/.test(name));
  return { ...Object.fromEntries(inherited), EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...extra };
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  const gone = (): boolean => hasEnded(child) && !signalGroup(child, 0);
  signalGroup(child, "SIGTERM");
  try {
    // The extension host gets the time to run deactivate().
    await waitFor(gone, { timeoutMs: 8000, what: "the end of the server" });
  } catch {
    signalGroup(child, "SIGKILL");
    await waitFor(gone, { timeoutMs: 5000, what: "the end of the server after SIGKILL" });
  }
}

async function extensionHostsBelow(root: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)("ps", ["-eo", "pid=,ppid=,args="], { maxBuffer: 16 * 1024 * 1024 });
  const rows = stdout.split("\n").map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? []);
  const processes = rows.map(([, pid, parent, args = ""]) => ({ pid: Number(pid), parent: Number(parent), args }));
  const family = new Set([root]);
  for (let size = 0; size < family.size;) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  return processes.filter(({ pid, args }) => family.has(pid) && args.includes("--type=extensionHost")).map(({ pid }) => pid);
}
