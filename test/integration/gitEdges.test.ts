/** What seldom happens between our git and a repository: each is met once, with a real git. */
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WorkerEventBody } from "../../src/model/taskEvent.ts";
import { pushBranch } from "../../src/worker/git/push.ts";
import { call, failure, GitFixture, isolateGit, type Workspace } from "../unit/worker/git/gitFixture.ts";

let f: GitFixture;
beforeEach(() => {
  isolateGit();
  f = new GitFixture();
});
afterEach(() => {
  vi.unstubAllEnvs();
  f[Symbol.dispose]();
});

/** A finished task: its branch with one file, from the branches of those it depends on. */
async function finish(name: string, files: Readonly<Record<string, string>>, ...baseBranches: string[]): Promise<Workspace> {
  const taskId = `task000${name}`;
  const workspace = await f.prepare({ branch: `tm/${name}`, taskId, worktree: path.join(f.root.dir, taskId), baseBranches });
  for (const [file, text] of Object.entries(files)) writeFileSync(path.join(workspace.worktree, file), text);
  await f.commit(workspace, { taskId });
  await f.cleanup(workspace, "branch", { taskId });
  return workspace;
}

/** Puts a program in git's place: arguments that fit the pattern are answered by the script, all others by the real git. */
function replaceGit(match: string, script: string): void {
  const real = f.gitIn(f.root.dir, "--exec-path") + "/git";
  const file = f.root.write("bin/git", `#!/bin/bash\ncase " $* " in ${match}) ${script} ;; esac\nexec '${real}' "$@"\n`);
  chmodSync(file, 0o755);
  vi.stubEnv("PATH", `${path.dirname(file)}:${process.env["PATH"]}`);
}

describe("several bases", () => {
  it("are one where one holds the other, whatever their order", async () => {
    await finish("a", { "a.txt": "a" });
    await finish("b", { "b.txt": "b" }, "tm/a");
    for (const [index, bases] of [
      ["tm/a", "tm/b"],
      ["tm/b", "tm/a"],
    ].entries()) {
      const { baseSha } = await f.prepare({ branch: "tm/c", taskId: `task000${index}`, worktree: path.join(f.root.dir, `c${index}`), baseBranches: bases });
      expect(baseSha).toBe(f.repo.git("rev-parse", "tm/b"));
    }
  });

  it("that contradict each other are told with their files, and nothing is left of the try", async () => {
    await finish("a", { "same.txt": "a" });
    await finish("b", { "same.txt": "b" });
    const error = await failure(f.prepare({ branch: "tm/c", baseBranches: ["tm/a", "tm/b"] }));
    expect(error).toMatchObject({ code: "GIT_CONFLICT", message: expect.stringContaining("tm/b and tm/a differ in same.txt") as string });
    expect([f.branches(), f.registrations()]).toEqual([["main", "tm/a", "tm/b"], []]);
  });

  it("need a git that can merge without a worktree", async () => {
    await finish("a", { "a.txt": "a" });
    await finish("b", { "b.txt": "b" });
    replaceGit('*" merge-tree "*', "exit 129");
    const error = await failure(f.prepare({ branch: "tm/c", baseBranches: ["tm/a", "tm/b"] }));
    expect(error).toMatchObject({ code: "GIT_FAILED", message: expect.stringContaining("2.38") as string });
  });
});

describe("a worktree", () => {
  it("that an earlier attempt left as it began is begun from again, without a commit", async () => {
    const first = await f.prepare();
    const second = await f.prepare({ attempt: 2, token: 2 });
    expect(second).toEqual(first);
    expect(f.repo.git("rev-parse", "tm/1")).toBe(first.startSha);
  });

  it("on no branch is somebody's", async () => {
    const first = await f.prepare();
    f.gitIn(first.worktree, "checkout", "-q", "--detach");
    const error = await failure(f.prepare());
    expect(error).toMatchObject({ code: "GIT_CONFLICT", message: expect.stringContaining("is the worktree of other work. Remove") as string });
  });

  it("that is a file is not ours to remove", async () => {
    writeFileSync(path.join(f.root.dir, "task0001-1"), "precious");
    expect(await failure(f.prepare())).toMatchObject({ code: "GIT_CONFLICT", message: expect.stringContaining("already exists") as string });
  });

  it("of a crash that has the task's branch is cleared away", async () => {
    const first = await f.prepare();
    rmSync(path.join(f.repo.dir, ".git/worktrees/task0001-1/index"));
    const second = await f.prepare({ ownBranch: "tm/1", worktree: path.join(f.root.dir, "task0001-2") });
    expect(second.branch).toBe("tm/1");
    expect([existsSync(first.worktree), f.registrations()]).toEqual([false, ["task0001-2"]]);
  });

  it("is not made from a branch of another history", async () => {
    f.repo.git("checkout", "-q", "--orphan", "tm/old");
    f.repo.git("commit", "-q", "--allow-empty", "-m", "another beginning");
    f.repo.git("checkout", "-q", "main");
    const error = await failure(f.prepare({ ownBranch: "tm/old" }));
    expect(error).toMatchObject({ code: "GIT_CONFLICT", message: expect.stringContaining("no history in common") as string });
  });

  it("is found among files that are no registrations, and cannot be made where git does not register it", async () => {
    const first = await f.prepare();
    writeFileSync(path.join(f.repo.dir, ".git/worktrees/a-file"), "");
    expect(await f.prepare()).toEqual(first);
    replaceGit('*" worktree add "*', "exit 0");
    const error = await failure(f.prepare({ taskId: "task0002", worktree: path.join(f.root.dir, "two") }));
    expect(error).toMatchObject({ code: "GIT_FAILED", message: expect.stringContaining("did not register") as string });
  });

  it("cannot be made before the first commit", async () => {
    f.repo.git("checkout", "-q", "--orphan", "unborn");
    expect(await failure(f.prepare())).toMatchObject({ code: "NO_COMMIT" });
  });

  it("goes also when git cannot empty it because somebody writes into it", async () => {
    const first = await f.prepare();
    replaceGit(
      '*" worktree remove "*',
      `[ -e '${f.root.dir}/once' ] || { touch '${f.root.dir}/once'; echo "error: failed to delete: Directory not empty" >&2; exit 255; }`,
    );
    expect(await f.cleanup(first)).toEqual({});
    expect([existsSync(first.worktree), f.registrations()]).toEqual([false, []]);
  });
});

describe("clean-up", () => {
  it("says which repositories within the worktree go with it", async () => {
    const workspace = await f.prepare();
    const inner = path.join(workspace.worktree, "cloned");
    mkdirSync(inner);
    f.gitIn(inner, "init", "-q");
    f.gitIn(inner, "remote", "add", "origin", "https://example.invalid/x.git");
    f.gitIn(inner, "commit", "-q", "--allow-empty", "-m", "x");
    writeFileSync(path.join(workspace.worktree, "a.txt"), "a");
    const events: WorkerEventBody[] = [];
    const input = { token: 1, workspace, taskId: "task0001", attempt: 1, title: "t", keep: "branch", identity: {} } as const;
    expect(await call("git.cleanup", input, { events })).toEqual({ savedAs: "tm/1" });
    expect(events).toContainEqual(expect.objectContaining({ type: "log", level: "warn", message: expect.stringContaining("cloned") as string }));
  });

  it("saves nothing where a failed attempt did nothing, on its branch or beside it", async () => {
    const workspace = await f.prepare();
    f.gitIn(workspace.worktree, "checkout", "-q", "--detach");
    expect(await f.cleanup(workspace, "ref")).toEqual({});
    expect(f.repo.git("for-each-ref", "refs/task-master")).toBe("");
  });

  it("saves what stands on a branch that has no commit yet", async () => {
    const workspace = await f.prepare();
    f.gitIn(workspace.worktree, "checkout", "-q", "--orphan", "unborn");
    expect(await f.cleanup(workspace)).toEqual({});
    const second = await f.prepare({ taskId: "task0002" });
    f.gitIn(second.worktree, "checkout", "-q", "--orphan", "unborn");
    writeFileSync(path.join(second.worktree, "new.txt"), "new");
    const { savedAs } = await f.cleanup(second, "branch", { taskId: "task0002" });
    expect(f.repo.git("show", `${savedAs}:new.txt`)).toBe("new");
  });

  it("removes nothing when git fails while it looks for a name", async () => {
    const workspace = await f.prepare();
    writeFileSync(path.join(workspace.worktree, "a.txt"), "a");
    replaceGit('*" var "*', 'echo "fatal: something else" >&2; exit 128');
    expect(await failure(f.cleanup(workspace))).toMatchObject({ code: "GIT_FAILED" });
    expect(existsSync(path.join(workspace.worktree, "a.txt"))).toBe(true);
  });
});

describe("push", () => {
  const push = (workspace: Workspace): Promise<unknown> =>
    pushBranch({ run: "task0001-1", workspace, remote: "origin" }, { signal: new AbortController().signal, warn: () => undefined }, { retryDelaysMs: [] });

  it("says that there is no remote at all, and that the branch is gone", async () => {
    const workspace = await finish("1", { "a.txt": "a" });
    expect(await push(workspace)).toEqual({ pushed: false, reason: expect.stringContaining("It has none.") as string });
    f.repo.git("remote", "add", "origin", path.join(f.root.dir, "none.git"));
    f.repo.git("branch", "-q", "-D", "tm/1");
    expect(await push(workspace)).toEqual({ pushed: false, reason: expect.stringContaining("tm/1 is gone") as string });
  });

  it("asks PuTTY nothing that it does not know; a long answer is cut", async () => {
    const workspace = await finish("1", { "a.txt": "a" });
    const log = path.join(f.root.dir, "log");
    const plink = f.root.write("bin/plink", `#!/bin/sh\necho "$@" >> '${log}'\nprintf 'fatal: %01000d\\n' 7 >&2\nexit 1\n`);
    chmodSync(plink, 0o755);
    vi.stubEnv("GIT_CONFIG_GLOBAL", f.root.write("gitconfig", `[core]\n\tsshCommand = ${plink}\n`));
    f.repo.git("remote", "add", "origin", "ssh://git@example.invalid/x.git");
    const { reason } = (await push(workspace)) as { reason: string };
    expect(reason.length).toBeLessThanOrEqual(501);
    expect(readFileSync(log, "utf8")).not.toContain("BatchMode");
  });
});

describe("git itself", () => {
  it("is not any program of that name", async () => {
    const file = f.root.write("bin/git", "#!/bin/sh\necho this is something else\n");
    chmodSync(file, 0o755);
    vi.stubEnv("PATH", path.dirname(file));
    expect(await failure(call("git.inspect", { directory: f.repo.dir, identity: {} }))).toMatchObject({ code: "GIT_NOT_FOUND" });
  });

  it("that says nothing of where the repository is, is not believed", async () => {
    replaceGit('*" --show-toplevel "*', "echo; exit 0");
    expect(
      await failure(call("git.changes", { workspace: { repository: f.repo.dir, worktree: "/w", branch: "b", baseSha: "a", startSha: "a" } })),
    ).toMatchObject({
      code: "GIT_FAILED",
    });
  });

  it("a link in place of a plugin folder's parent is not followed", async () => {
    symlinkSync(f.root.dir, path.join(f.repo.dir, ".agents"));
    f.repo.git("add", "-A");
    f.repo.git("commit", "-q", "-m", "a link");
    const { worktree } = await f.prepare();
    expect(existsSync(path.join(worktree, ".agents"))).toBe(false);
  });
});
