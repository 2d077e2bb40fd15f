/** What both demos share: a scratch repository, a scripted model, and two tasks in its queue. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { byPrompt, type ModelServer, startModelServer } from "../helpers/modelServer.ts";

/** The repository of Task Master itself. */
export const projectRoot = fileURLToPath(new URL("../..", import.meta.url));

const cliScript = path.join(projectRoot, "dist", "cli.cjs");

/** What `list --json` tells of a task, as far as the demo needs it. */
export interface DemoTask {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly branch: string | null;
}

/** A scratch folder with a repository and a home of its own, so that nothing of the user is read or changed. */
export class DemoQueue {
  readonly folder: string;
  readonly repo: string;
  readonly server: ModelServer;
  readonly env: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;

  private constructor(folder: string, server: ModelServer) {
    this.folder = folder;
    this.repo = path.join(folder, "repo");
    this.server = server;
    this.env = demoEnvironment(path.join(folder, "home"), server);
  }

  /** Makes the folder and the repository and starts the model. */
  static async create(): Promise<DemoQueue> {
    const folder = realpathSync(mkdtempSync(path.join(realpathSync(tmpdir()), "task-master-demo-")));
    const demo = new DemoQueue(folder, await startModelServer(demoScript()));
    mkdirSync(demo.repo);
    mkdirSync(demo.env["HOME"] ?? "", { recursive: true });
    writeFileSync(path.join(demo.repo, "README.md"), "# Demo\n\nA scratch repository of Task Master for Goose.\n");
    demo.git("init", "--quiet", "--initial-branch=main");
    demo.git("config", "user.name", "Task Master demo");
    demo.git("config", "user.email", "demo@example.invalid");
    demo.git("config", "commit.gpgsign", "false");
    demo.git("add", "--all");
    demo.git("commit", "--quiet", "--message=First commit");
    return demo;
  }

  /** Runs git in the repository and returns what it prints. */
  git(...args: readonly string[]): string {
    return execFileSync("git", args, { cwd: this.repo, env: this.env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).trimEnd();
  }

  /** Whether git ends with 0. */
  gitSucceeds(...args: readonly string[]): boolean {
    try {
      this.git(...args);
      return true;
    } catch {
      return false;
    }
  }

  /** Puts the two tasks into the queue; the second waits for the first. */
  addTasks(): void {
    const first = this.#cli("add", "Create hello.txt with a greeting", "--priority", "high", "--accept", "git diff --check HEAD");
    this.#cli("add", "Read hello.txt, then write response.txt", "--prompt", answerPrompt, "--depends", (first[0] as DemoTask).id);
  }

  tasks(): readonly DemoTask[] {
    return this.#cli("list") as readonly DemoTask[];
  }

  /** Runs the terminal with its output going to this one; resolves with the exit code. */
  async runVisibly(...args: readonly string[]): Promise<number> {
    const child = spawn(process.execPath, [cliScript, ...args], { cwd: this.repo, env: this.env, stdio: ["ignore", "inherit", "inherit"] });
    this.#child = child;
    const [code] = (await once(child, "exit")) as [number | null];
    this.#child = undefined;
    return code ?? 1;
  }

  /** Asks the terminal that runs visibly to end, and waits for it. */
  async interrupt(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, "exit");
    // A terminal has sent Ctrl-C to it already; the repetition does no harm.
    child.kill("SIGINT");
    await ended;
  }

  /** Removes the repository and everything beside it. */
  remove(): void {
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  #cli(...args: readonly string[]): readonly unknown[] {
    const [verb = "", ...rest] = args;
    const text = execFileSync(process.execPath, [cliScript, verb, "--json", ...rest], { cwd: this.repo, env: this.env, encoding: "utf8" });
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as unknown);
  }
}

const answerPrompt = "Read hello.txt of the task before, then answer it in response.txt.";

/** What the scripted model does: a greeting for the first task, an answer for the second. */
function demoScript(): ReturnType<typeof byPrompt> {
  return byPrompt([
    // First, as the second task's prompt also speaks of the first task.
    [
      answerPrompt,
      [
        { kind: "tools", text: "I read what the first task left.", calls: [{ name: "shell", arguments: { command: "git show HEAD:hello.txt" } }] },
        {
          kind: "tools",
          text: "Now the answer.",
          calls: [{ name: "write", arguments: { path: "response.txt", content: "Hello back! I have read your greeting.\n" } }],
        },
        { kind: "text", text: "response.txt answers the greeting in hello.txt." },
      ],
    ],
    [
      "Create hello.txt",
      [
        { kind: "tools", text: "I write the greeting.", calls: [{ name: "write", arguments: { path: "hello.txt", content: "Hello from Goose!\n" } }] },
        { kind: "tools", text: "Let me check it.", calls: [{ name: "shell", arguments: { command: "git status --short" } }] },
        { kind: "text", text: "hello.txt is there, with a greeting." },
      ],
    ],
  ]);
}

function demoEnvironment(home: string, server: ModelServer): Readonly<Record<string, string>> {
  const below = (name: string): string => path.join(home, name);
  // The user's provider, keys and git set-up must play no part; a git hook's GIT_DIR would lead git out of the folder.
  const foreign = /^(GOOSE_|GIT_|XDG_|OPENAI_|ANTHROPIC_|VSCODE_|ELECTRON_|NODE_OPTIONS$)/;
  const inherited = Object.entries(process.env).flatMap(([name, value]) => (value === undefined || foreign.test(name) ? [] : [[name, value] as const]));
  // The display of a desktop lives in one of the XDG folders.
  const runtime = process.env["XDG_RUNTIME_DIR"];
  return {
    ...Object.fromEntries(inherited),
    HOME: home,
    USERPROFILE: home,
    XDG_CONFIG_HOME: below("config"),
    XDG_DATA_HOME: below("data"),
    XDG_STATE_HOME: below("state"),
    XDG_CACHE_HOME: below("cache"),
    APPDATA: below("AppData/Roaming"),
    LOCALAPPDATA: below("AppData/Local"),
    ...(runtime === undefined ? {} : { XDG_RUNTIME_DIR: runtime }),
    GOOSE_BINARY: gooseBinary(),
    ...server.env,
  };
}
