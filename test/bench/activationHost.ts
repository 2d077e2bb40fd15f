import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { extensionId } from "../e2e/prepare.ts";
import { createProfile, installVsix, startServer, type CodeServer } from "../helpers/vscodeHost/codeServer.ts";
import { setUpHost, type VscodeHost } from "../helpers/vscodeHost/setup.ts";
import { launchBrowser, newContext, Workbench } from "../helpers/vscodeHost/workbench.ts";
import { activationEnv } from "./activationReport.ts";

const windowMs = 60_000;

/** A real VS Code with our package and Git alone, whose windows run the activation suite. */
export class ActivationHost implements AsyncDisposable {
  /** Folder with a report for each window. */
  readonly reports: string;
  readonly #suite: string;
  readonly #dummy: string;
  readonly #server: CodeServer;
  readonly #browser: Browser;
  readonly #disposeProfile: () => void;

  private constructor(folders: Folders, parts: { readonly server: CodeServer; readonly browser: Browser; readonly disposeProfile: () => void }) {
    this.reports = folders.reports;
    this.#suite = folders.suite;
    this.#dummy = folders.dummy;
    this.#server = parts.server;
    this.#browser = parts.browser;
    this.#disposeProfile = parts.disposeProfile;
  }

  /** Starts it in a folder of the caller. */
  static async start(work: string, vsix: string, say: (line: string) => void): Promise<ActivationHost> {
    const host = await setUpHost(say);
    const folders = await makeFolders(work, host);
    const profile = createProfile();
    await installVsix(host, profile, vsix);
    const server = await startServer(host, profile, {
      // Only with the smoke-test driver does a built workbench obey extensionTestsPath.
      args: ["--vscode-option", "enable-smoke-test-driver", "--vscode-option", `builtin-extensions-dir=${folders.builtIn}`],
      env: { HOME: folders.home, [activationEnv.extension]: extensionId, [activationEnv.reports]: folders.reports },
    });
    return new ActivationHost(folders, { server, browser: await launchBrowser(), disposeProfile: () => profile[Symbol.dispose]() });
  }

  /** Opens a window with a new extension host and waits until the suite in it is over. */
  async openWindow(folder: string): Promise<void> {
    const context = await newContext(this.#browser);
    const ended = Promise.withResolvers<number>();
    const lines: string[] = [];
    const timer = setTimeout(() => ended.resolve(-1), windowMs);
    await using window = await Workbench.open(context, this.#server.url, {
      folder,
      query: { payload: this.#payload() },
      prepare: async (page) => {
        await page.exposeFunction("codeAutomationLog", (_type: string, args: unknown[]) => void lines.push(args.join(" ")));
        await page.exposeFunction("codeAutomationExit", (code: number) => ended.resolve(code));
      },
    });
    const code = await ended.promise;
    clearTimeout(timer);
    await window.close();
    await context.close();
    if (code !== 0) throw new Error(`the suite in the window ended with ${code}:\n${lines.join("\n")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
    await this.#server.stop();
    this.#disposeProfile();
  }

  #payload(): string {
    const uri = (file: string): string => `vscode-remote://${new URL(this.#server.url).host}${encodeURI(file)}`;
    return JSON.stringify([
      ["extensionDevelopmentPath", uri(this.#dummy)],
      ["extensionTestsPath", uri(this.#suite)],
    ]);
  }
}

interface Folders {
  readonly reports: string;
  readonly home: string;
  readonly suite: string;
  /** A development extension without content, as tests need one. */
  readonly dummy: string;
  /** Built-in extensions: Git and what it depends on. */
  readonly builtIn: string;
}

async function makeFolders(work: string, host: VscodeHost): Promise<Folders> {
  const [reports, home, dummy, builtIn] = ["reports", "home", "dummy", "builtin"].map((name) => path.join(work, name)) as [string, string, string, string];
  for (const folder of [reports, home, dummy, builtIn]) mkdirSync(folder);
  writeFileSync(path.join(dummy, "package.json"), JSON.stringify({ name: "dummy", publisher: "test", version: "0.0.0", engines: { vscode: "*" } }));
  const shipped = path.join(host.dir, "node_modules/code-server/lib/vscode/extensions");
  for (const name of ["git", "git-base"]) cpSync(path.join(shipped, name), path.join(builtIn, name), { recursive: true });
  provideFastCopy(path.join(builtIn, "git"));
  for (const name of ["git", "git-base"]) withoutActivationEvents(path.join(builtIn, name, "package.json"));
  const suite = path.join(work, "suite.cjs");
  await build({
    entryPoints: [fileURLToPath(new URL("./activationSuite.ts", import.meta.url))],
    outfile: suite,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["vscode"],
    logLevel: "warning",
  });
  return { reports, home, suite, dummy, builtIn };
}

/** The same code, but it waits to be asked instead of starting with every window. */
function withoutActivationEvents(manifest: string): void {
  const content = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, unknown>;
  writeFileSync(manifest, JSON.stringify({ ...content, activationEvents: [] }));
}

/** Git loads one native package, which the npm code-server lacks and which activation never calls: an empty one is put in its place. */
function provideFastCopy(git: string): void {
  const folder = path.join(git, "node_modules/@vscode/fs-copyfile");
  if (existsSync(folder)) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, "index.js"), "module.exports = {};\n");
}
