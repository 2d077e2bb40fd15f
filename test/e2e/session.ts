import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext } from "playwright-core";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { waitForNoProcesses } from "../helpers/leakCheck.ts";
import { startModelServer, type ModelScript, type ModelServer } from "../helpers/modelServer.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../helpers/tempRepo.ts";
import { createProfile, installVsix, startServer, type CodeServer, type ServerProfile } from "../helpers/vscodeHost/codeServer.ts";
import { setUpHost } from "../helpers/vscodeHost/setup.ts";
import { launchBrowser, newContext, Workbench } from "../helpers/vscodeHost/workbench.ts";
import { extensionId, packageExtension } from "./prepare.ts";

/** How a session is made. */
export interface SessionOptions {
  readonly script?: ModelScript;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly workspaceTrust?: boolean;
  /** A script that takes the place of the installed extension's worker. */
  readonly worker?: string;
  /** Further environment of VS Code; an empty text removes a variable's effect. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A real VS Code with the packaged extension, a scratch repository and a scripted model. */
export class Session {
  readonly repo: TempRepo = createTempRepo();
  readonly home: TempDir = createTempDir("tm-home-");
  model!: ModelServer;
  server!: CodeServer;
  context!: BrowserContext;
  #profile!: ServerProfile & Disposable;
  #browser!: Browser;

  private constructor() {}

  static async start({ script, settings = {}, workspaceTrust, worker, env = {} }: SessionOptions = {}): Promise<Session> {
    const session = new Session();
    session.model = await startModelServer(script);
    const host = await setUpHost();
    session.#profile = createProfile(settings);
    await installVsix(host, session.#profile, process.env["TASK_MASTER_VSIX"] ?? packageExtension(session.home.dir));
    if (worker !== undefined) replaceWorker(session.#profile.extensionsDir, worker);
    session.server = await startServer(host, session.#profile, {
      env: { HOME: session.home.dir, GOOSE_BINARY: gooseBinary(), ...session.model.env, ...env },
      ...(workspaceTrust === undefined ? {} : { workspaceTrust }),
    });
    session.#browser = await launchBrowser();
    session.context = await newContext(session.#browser);
    return session;
  }

  /** Opens a window on the repository, or on nothing. */
  open(folder: string | null = this.repo.dir): Promise<Workbench> {
    return Workbench.open(this.context, this.server.url, folder === null ? {} : { folder });
  }

  /** The run view's document. */
  runView(window: Workbench): ReturnType<Workbench["webviewPanel"]> {
    return window.webviewPanel(extensionId);
  }

  /** Runs the terminal's program on the same repository and gives what it prints. */
  cli(...args: string[]): string {
    const script = fileURLToPath(new URL("../../dist/cli.cjs", import.meta.url));
    const env = { PATH: process.env["PATH"] ?? "", HOME: this.home.dir, GOOSE_BINARY: gooseBinary(), ...this.model.env };
    return execFileSync(process.execPath, [script, "-C", this.repo.dir, ...args], { env, encoding: "utf8" });
  }

  /** Lines of the extension's own log with this level. */
  logLines(level: "warning" | "error"): string[] {
    const { userDataDir } = this.#profile;
    const files = readdirSync(userDataDir, { recursive: true, encoding: "utf8" }).filter((file) => /task-master-goose.*Task Master\.log$/.test(file));
    return files.flatMap((file) => readFileSync(join(userDataDir, file), "utf8").split("\n")).filter((line) => line.includes(`[${level}]`));
  }

  /** Ends VS Code and looks for processes that it left: all carry the path of this session's home. */
  async stop(): Promise<void> {
    await this.#browser.close();
    await this.server.stop();
    await this.model.close();
    await waitForNoProcesses(this.home.dir, 10_000);
    this.#profile[Symbol.dispose]();
    this.repo.dispose();
    this.home.dispose();
  }
}

function replaceWorker(extensionsDir: string, script: string): void {
  const installed = readdirSync(extensionsDir).find((name) => name.startsWith(extensionId));
  if (installed === undefined) throw new Error(`${extensionId} is not installed in ${extensionsDir}`);
  copyFileSync(script, join(extensionsDir, installed, "dist/worker.cjs"));
}
