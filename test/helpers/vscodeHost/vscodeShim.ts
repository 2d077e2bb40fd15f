/**
 * Stands in for the VS Code executable of @vscode/test-electron: takes the same command line, runs extensionTestsPath
 * in code-server's extension host through a headless Chromium, relays the console and exits with the tests' code.
 * Started through the launcher that setup.ts writes. VSCODE_SHIM_VERBOSE=1 shows VS Code's own lines too;
 * VSCODE_SHIM_TIMEOUT_MS (default 180000) limits the run; VSCODE_SHIM_SCREENSHOT is a file for a picture at the end.
 */
import path from "node:path";
import { format } from "node:util";
import type { Page } from "playwright-core";
import { createTempDir } from "../tempRepo.ts";
import { installVsix, profileIn, startServer, type ServerProfile } from "./codeServer.ts";
import { codeServerVersion, setUpHost, type VscodeHost } from "./setup.ts";
import { launchBrowser, newContext, Workbench } from "./workbench.ts";

interface CommandLine {
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly workspace: string | undefined;
}

/** Exit codes of the shim itself; everything else is the tests' code. */
const exitCodes = { noTests: 64, crashed: 70, timedOut: 124, interrupted: 130 } as const;

/** Longer paths do not leave room for the name of the server's unix socket. */
const longestUserDataDir = 60;

const vscodeNoise =
  /^(Ignoring fetching|Creating a socket|Resolv(ing|ed) connection|\[(reconnection-grace-time|Service Worker|AgentHost|AccountPolicyGate|driver)|Updating additional builtin|Creation of workbench contribution|Timed out waiting for authentication provider)/;

function parse(args: readonly string[]): CommandLine {
  const options = new Map<string, string[]>();
  const positional: string[] = [];
  for (const arg of args) {
    const [, name, value = ""] = /^--([^=]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) positional.push(arg);
    else options.set(name, [...(options.get(name) ?? []), value]);
  }
  return { options, workspace: positional[0] };
}

async function main({ options, workspace }: CommandLine): Promise<number> {
  if (options.has("version")) return say(`${codeServerVersion.replace(/^4/, "1")}\ncode-server\n${process.arch}`);
  const host = await setUpHost(say);
  using temporary = createTempDir("tms-");
  const profile = profileFrom(options, temporary.dir);
  for (const vsix of options.get("install-extension") ?? []) await installVsix(host, profile, vsix);
  const [tests] = options.get("extensionTestsPath") ?? [];
  // "await" keeps the temporary folder until the run is over.
  if (tests !== undefined) return await runTests(host, profile, { options, workspace });
  return options.has("install-extension") ? 0 : exitCodes.noTests;
}

function profileFrom(options: CommandLine["options"], dir: string): ServerProfile {
  const userDataDir = options.get("user-data-dir")?.at(-1);
  const extensionsDir = options.get("extensions-dir")?.at(-1);
  return profileIn(dir, {
    ...(userDataDir === undefined || path.resolve(userDataDir).length > longestUserDataDir ? {} : { userDataDir: path.resolve(userDataDir) }),
    ...(extensionsDir === undefined ? {} : { extensionsDir: path.resolve(extensionsDir) }),
  });
}

async function runTests(host: VscodeHost, profile: ServerProfile, commandLine: CommandLine): Promise<number> {
  // Only with the smoke-test driver does a built workbench obey extensionTestsPath.
  await using server = await startServer(host, profile, { args: ["--vscode-option", "enable-smoke-test-driver"] });
  await using browser = await launchBrowser();
  const outcome = new Outcome();
  const { workspace } = commandLine;
  const isFile = workspace?.endsWith(".code-workspace") === true;
  const window = await Workbench.open(await newContext(browser), server.url, {
    ...(workspace === undefined || isFile ? {} : { folder: path.resolve(workspace) }),
    query: {
      payload: payload(server.url, commandLine),
      ...(workspace !== undefined && isFile ? { workspace: path.resolve(workspace) } : {}),
    },
    prepare: (page) => outcome.watch(page),
  });
  const code = await outcome.code;
  const picture = process.env["VSCODE_SHIM_SCREENSHOT"];
  if (picture !== undefined) await window.screenshot(picture).catch(() => undefined);
  await window.close().catch(() => undefined);
  return code;
}

function payload(url: string, { options }: CommandLine): string {
  const uri = (file: string): string => `vscode-remote://${new URL(url).host}${encodeURI(path.resolve(file))}`;
  const paths = (name: string): string[][] => (options.get(name) ?? []).map((file) => [name, uri(file)]);
  const noExtensions = options.has("disable-extensions") ? [["disableExtensions", "true"]] : [];
  return JSON.stringify([...paths("extensionDevelopmentPath"), ...paths("extensionTestsPath"), ...noExtensions]);
}

/** How the run ended: the first of the tests' own code, a crash of the page, the time limit and a signal. */
class Outcome {
  readonly code: Promise<number>;
  #settle: (code: number) => void = () => undefined;

  constructor() {
    this.code = new Promise((resolve) => void (this.#settle = resolve));
    const limitMs = Number(process.env["VSCODE_SHIM_TIMEOUT_MS"] ?? 180_000);
    const timer = setTimeout(() => {
      process.stderr.write(`no test result after ${limitMs} ms\n`);
      this.#settle(exitCodes.timedOut);
    }, limitMs);
    void this.code.then(() => clearTimeout(timer));
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => this.#settle(exitCodes.interrupted));
  }

  /** Offers the window the two functions that VS Code's test runner looks for. */
  async watch(page: Page): Promise<void> {
    await page.exposeFunction("codeAutomationLog", (type: string, args: unknown[]) => relay(type, format(...args)));
    await page.exposeFunction("codeAutomationExit", (code: number) => this.#settle(code));
    page.on("crash", () => this.#settle(exitCodes.crashed));
  }
}

function relay(type: string, text: string): void {
  if (vscodeNoise.test(text) && process.env["VSCODE_SHIM_VERBOSE"] !== "1") return;
  (type === "error" ? process.stderr : process.stdout).write(`${text}\n`);
}

function say(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

try {
  process.exitCode = await main(parse(process.argv.slice(2)));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exitCode = exitCodes.crashed;
}
