import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { TaskMasterError } from "../../../../src/model/errors.ts";
import type { WorkerEventBody } from "../../../../src/model/taskEvent.ts";
import type { HandlerInput, HandlerOutput } from "../../../../src/protocol/handlers.ts";
import { gitHandlers } from "../../../../src/worker/handlers/git.ts";
import { createTempDir, createTempRepo } from "../../../helpers/tempRepo.ts";
import type { TempDir, TempRepo, TempRepoOptions } from "../../../helpers/tempRepo.ts";

type GitHandler = keyof typeof gitHandlers;
export type Workspace = HandlerOutput<"git.prepare">;

/** No configuration of the machine may decide a test. */
export function isolateGit(): void {
  process.env["GIT_CONFIG_GLOBAL"] = "/dev/null";
  process.env["GIT_CONFIG_NOSYSTEM"] = "1";
  delete process.env["EMAIL"];
}

/** Runs a handler as the harness does. */
export async function call<H extends GitHandler>(
  name: H,
  input: HandlerInput<H>,
  options: { signal?: AbortSignal; events?: WorkerEventBody[] } = {},
): Promise<HandlerOutput<H>> {
  const context = {
    taskId: "task0001",
    attempt: 1,
    signal: options.signal ?? new AbortController().signal,
    gate: async () => undefined,
    isPaused: false,
    permit: () => Promise.resolve("reject_once" as const),
    onWish: () => undefined,
    room: () => undefined,
    emit: (event: WorkerEventBody) => void options.events?.push(event),
  };
  return gitHandlers[name](input, context);
}

/** The TaskMasterError that a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<TaskMasterError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof TaskMasterError)) throw new Error(`expected a TaskMasterError, got ${String(error)}`, { cause: error });
  return error;
}

/** A repository, a folder for worktrees, and short forms of the handlers with usual inputs. */
export class GitFixture implements Disposable {
  readonly repo: TempRepo;
  readonly root: TempDir;

  constructor(options: TempRepoOptions = {}) {
    this.repo = createTempRepo(options);
    this.root = createTempDir("task-master-worktrees-");
  }

  prepare(changes: Partial<HandlerInput<"git.prepare">> = {}, options: Parameters<typeof call>[2] = {}): Promise<Workspace> {
    const input = {
      token: 1,
      attempt: 1,
      directory: this.repo.dir,
      worktree: path.join(this.root.dir, "task0001-1"),
      branch: "tm/1",
      taskId: "task0001",
      baseBranches: [],
      identity: {},
      ...changes,
    };
    return call("git.prepare", input, options);
  }

  commit(workspace: Workspace, changes: Partial<HandlerInput<"git.commit">> = {}): Promise<HandlerOutput<"git.commit">> {
    return call("git.commit", { token: 1, workspace, subject: "Add a thing", body: "Because.", taskId: "task0001", attempt: 1, identity: {}, ...changes });
  }

  cleanup(
    workspace: Workspace,
    keep: "branch" | "ref" = "branch",
    changes: Partial<HandlerInput<"git.cleanup">> = {},
    options: Parameters<typeof call>[2] = {},
  ): Promise<HandlerOutput<"git.cleanup">> {
    const input = { token: 1, workspace, taskId: "task0001", attempt: 1, title: "Add a thing", keep, identity: {}, ...changes };
    return call("git.cleanup", input, options);
  }

  /** git in any folder, as the agent or the user would run it. */
  gitIn(folder: string, ...args: string[]): string {
    const env = { ...process.env, GIT_AUTHOR_NAME: "Agent", GIT_AUTHOR_EMAIL: "a@b.invalid", GIT_COMMITTER_NAME: "Agent", GIT_COMMITTER_EMAIL: "a@b.invalid" };
    return execFileSync("git", args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).replace(/\n$/, "");
  }

  branches(): string[] {
    return this.repo.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split("\n");
  }

  registrations(): string[] {
    const folder = path.join(this.repo.dir, ".git/worktrees");
    return existsSync(folder) ? readdirSync(folder) : [];
  }

  /** Everything of the user's that we must not change, byte for byte. */
  userState(): string {
    const file = (name: string): string => {
      const full = path.join(this.repo.dir, ".git", name);
      return existsSync(full) ? createHash("sha256").update(readFileSync(full)).digest("hex") : "absent";
    };
    const files = [
      "index",
      "HEAD",
      "config",
      "config.worktree",
      "info/exclude",
      "info/sparse-checkout",
      "refs/stash",
      "logs/refs/stash",
      "logs/HEAD",
      "MERGE_HEAD",
      "ORIG_HEAD",
    ].map((name) => `${name} ${file(name)}`);
    const status = this.gitIn(this.repo.dir, "--no-optional-locks", "status", "--porcelain=v2", "--branch", "--show-stash", "--ignored", "-uall");
    return [...files, status, ...readdirSync(this.repo.dir)].join("\n");
  }

  [Symbol.dispose](): void {
    this.repo.dispose();
    this.root.dispose();
  }
}
