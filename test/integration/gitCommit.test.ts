import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { WorkerEventBody } from "../../src/model/taskEvent.ts";
import { call, failure, GitFixture, isolateGit } from "../unit/worker/git/gitFixture.ts";
import type { Workspace } from "../unit/worker/git/gitFixture.ts";

beforeEach(isolateGit);

const write = (workspace: Workspace, file: string, text = file): void => {
  mkdirSync(path.dirname(path.join(workspace.worktree, file)), { recursive: true });
  writeFileSync(path.join(workspace.worktree, file), text);
};

describe("git.changes", () => {
  it("names committed, uncommitted and untracked paths, both ends of a rename, unusual names, nothing ignored", async () => {
    using f = new GitFixture({ files: { "old.txt": "the same\ncontent\n", "gone.txt": "x", "same.txt": "", ".gitignore": "out/\n" } });
    const workspace = await f.prepare();
    write(workspace, "committed.txt");
    f.gitIn(workspace.worktree, "add", "-A");
    f.gitIn(workspace.worktree, "mv", "old.txt", "moved.txt");
    f.gitIn(workspace.worktree, "commit", "-qm", "agent");
    rmSync(path.join(workspace.worktree, "gone.txt"));
    const odd = ["-n", "ü 🌍.txt", "line\nbreak", "deep/er/x", '"quoted"'];
    for (const name of odd) write(workspace, name);
    write(workspace, "out/ignored");
    const expected = ["committed.txt", "gone.txt", "moved.txt", "old.txt", ...odd].sort();
    expect((await call("git.changes", { workspace })).files).toEqual(expected);
    expect([...(await f.commit(workspace)).files].sort()).toEqual(expected);
    expect((await call("git.changes", { workspace })).files).toEqual(expected);
  });

  it("tells of files in the empty folder of a submodule, which no commit can hold", async () => {
    using lib = new GitFixture();
    using f = new GitFixture();
    f.repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.repo.dir, "lib");
    f.repo.git("commit", "-qm", "with submodule");
    const workspace = await f.prepare();
    write(workspace, "lib/a.txt");
    write(workspace, "b.txt");
    const events: WorkerEventBody[] = [];
    const input = { token: 1, workspace, subject: "Add", body: "", taskId: "task0001", attempt: 1, identity: {} };
    expect((await call("git.commit", input, { events })).files).toEqual(["b.txt"]);
    expect(events).toEqual([{ type: "log", level: "warn", message: expect.stringMatching(/^Not committed.*submodule.*: the files in lib$/) }]);
  });

  it("does not say that nothing was changed when all files are in the empty folder of a submodule", async () => {
    using lib = new GitFixture();
    using f = new GitFixture();
    f.repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.repo.dir, "lib");
    f.repo.git("commit", "-qm", "with submodule");
    const workspace = await f.prepare();
    mkdirSync(path.join(workspace.worktree, "lib/empty"));
    expect((await call("git.changes", { workspace })).files).toEqual([]);
    write(workspace, "lib/sub/a.txt");
    expect(await failure(call("git.changes", { workspace }))).toMatchObject({
      code: "VERIFICATION_FAILED",
      retryable: false,
      message: expect.stringContaining("(lib)") as string,
    });
    write(workspace, "b.txt");
    expect((await call("git.changes", { workspace })).files).toEqual(["b.txt"]);
  });

  it.each(["--assume-unchanged", "--skip-worktree"])("names what was hidden from git (%s), and it is committed", async (how) => {
    using f = new GitFixture({ files: { "a.txt": "1", "gone.txt": "1", "same.txt": "1", ".agents/plugins/p": "1" } });
    const workspace = await f.prepare();
    write(workspace, "a.txt", "2");
    write(workspace, ".agents/plugins/p", "2");
    rmSync(path.join(workspace.worktree, "gone.txt"));
    f.gitIn(workspace.worktree, "update-index", how, "a.txt", "same.txt");
    f.gitIn(workspace.worktree, "update-index", "--assume-unchanged", "gone.txt");
    expect((await call("git.changes", { workspace })).files).toEqual(["a.txt", "gone.txt"]);
    f.gitIn(workspace.worktree, "update-index", how, "a.txt");
    expect((await f.commit(workspace)).files).toEqual(["a.txt", "gone.txt"]);
    write(workspace, "same.txt", "2");
    f.gitIn(workspace.worktree, "update-index", how, "same.txt");
    const { savedAs } = await f.cleanup(workspace, "ref");
    expect(f.repo.git("show", `${savedAs}:same.txt`)).toBe("2");
  });

  it("sees a deletion that was hidden from git; what we keep out ourselves is none", async () => {
    using f = new GitFixture({ files: { "gone.txt": "1", ".agents/plugins/p": "1", ".agents/other": "1" } });
    symlinkSync("elsewhere", path.join(f.repo.dir, ".config"));
    f.repo.git("add", "-A");
    f.repo.git("commit", "-qm", "a link");
    const workspace = await f.prepare();
    for (const file of ["gone.txt", ".agents/other"]) {
      f.gitIn(workspace.worktree, "update-index", "--skip-worktree", file);
      rmSync(path.join(workspace.worktree, file));
    }
    expect((await call("git.changes", { workspace })).files).toEqual([".agents/other", "gone.txt"]);
    expect((await f.commit(workspace)).files).toEqual([".agents/other", "gone.txt"]);
    expect(f.repo.git("ls-tree", "-r", "--name-only", workspace.branch).split("\n")).toEqual([".agents/plugins/p", ".config"]);
  });

  it("takes no file that a sparse checkout left out for deleted", async () => {
    using f = new GitFixture({ files: { "a/1": "1", "b/2": "2" } });
    // As git did it before a worktree had a configuration of its own.
    f.repo.git("config", "core.sparseCheckout", "true");
    f.repo.write(".git/info/sparse-checkout", "/a/\n");
    const workspace = await f.prepare();
    f.repo.git("config", "core.sparseCheckout", "false");
    expect(existsSync(path.join(workspace.worktree, "b"))).toBe(false);
    expect((await call("git.changes", { workspace })).files).toEqual([]);
  });

  it("says when the worktree is gone", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    await f.cleanup(workspace);
    expect(await failure(call("git.changes", { workspace }))).toMatchObject({ code: "GIT_CONFLICT" });
  });
});

describe("git.commit", () => {
  it("commits everything with message, trailer and the identity of the setting", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    write(workspace, "a.txt");
    const { commits, files } = await f.commit(workspace, { identity: { name: "Set <x>\n", email: "set@example.invalid" } });
    expect(files).toEqual(["a.txt"]);
    expect(f.repo.git("log", "-1", "--format=%B%an|%ce", "tm/1")).toBe("Add a thing\n\nBecause.\n\nTask-Master-Id: task0001/1\nSet x|set@example.invalid");
    expect(commits).toEqual([f.repo.git("rev-parse", "tm/1")]);
    expect(f.gitIn(workspace.worktree, "status", "--porcelain")).toBe("");
    expect(f.repo.git("log", "-1", "--format=%(trailers:key=Task-Master-Id,valueonly)", "tm/1")).toBe("task0001/1\n");
  });

  it("names what git ignores, which no commit holds", async () => {
    using f = new GitFixture({ files: { ".gitignore": "out/\n*.log\n" } });
    const workspace = await f.prepare();
    for (const file of ["a.txt", "b.log", "out/deep/c.txt"]) write(workspace, file);
    const events: WorkerEventBody[] = [];
    const input = { token: 1, workspace, subject: "Add a thing", body: "", taskId: "task0001", attempt: 1, identity: {} };
    expect((await call("git.commit", input, { events })).files).toEqual(["a.txt"]);
    expect(events).toEqual([{ type: "log", level: "info", message: "Not committed, because Git ignores them: b.log, out/" }]);
  });

  it("is idempotent: again, and after the worktree is gone", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    write(workspace, "a.txt");
    const first = await f.commit(workspace);
    expect(await f.commit(workspace)).toEqual(first);
    rmSync(workspace.worktree, { recursive: true });
    expect(await f.commit(workspace)).toEqual(first);
    expect(await failure(f.commit(workspace, { attempt: 2 }))).toMatchObject({ code: "GIT_CONFLICT" });
  });

  it("counts commits of the agent, commits the rest, makes no empty commit", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    expect(await f.commit(workspace)).toEqual({ commits: [], files: [] });
    write(workspace, "agent.txt");
    f.gitIn(workspace.worktree, "add", "-A");
    f.gitIn(workspace.worktree, "commit", "-qm", "agent");
    expect((await f.commit(workspace)).commits).toHaveLength(1);
    write(workspace, "rest.txt");
    const { commits, files } = await f.commit(workspace);
    expect(f.repo.git("log", "--reverse", "--format=%H", "main..tm/1").split("\n")).toEqual(commits);
    expect(files).toEqual(["agent.txt", "rest.txt"]);
  });

  it.each([
    ["an option", "--amend", "--amend"],
    ["a short option", "-m x", "-m x"],
    ["line breaks", "one\r\ntwo\n\nTask-Master-Id: fake/9", "one two Task-Master-Id: fake/9"],
    ["a comment", "# not a comment", "# not a comment"],
    ["nothing to see", "\u0000\n\t", "Task task0001"],
    ["control characters and half a surrogate pair", "a\u0000b\u001B[31mc\uD800d", "ab[31mcd"],
    ["unicode", "héllo 🌍", "héllo 🌍"],
    ["80 emoji", "🌍".repeat(80), `${"🌍".repeat(71)}…`],
    ["a megabyte", "x".repeat(1_000_000), `${"x".repeat(71)}…`],
  ])("takes a title with %s", async (_what, subject, expected) => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    write(workspace, "a.txt");
    const body = `${"y".repeat(100_000)}\n\nTask-Master-Id: fake/1`;
    const { commits } = await f.commit(workspace, { subject, body });
    expect(commits).toHaveLength(1);
    expect(f.repo.git("log", "-1", "--format=%s", "tm/1")).toBe(expected);
    expect(f.repo.git("log", "-1", "--format=%(trailers:key=Task-Master-Id,valueonly)", "tm/1")).toBe("task0001/1\n");
  });

  it("refuses when the branch was deleted (no root commit), rewritten, left, or is in a merge", async () => {
    using f = new GitFixture({ files: { "a.txt": "1\n" } });
    const workspace = await f.prepare();
    write(workspace, "a.txt", "work\n");
    f.gitIn(workspace.worktree, "checkout", "-q", "-b", "elsewhere");
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_CONFLICT", message: expect.stringContaining("elsewhere") as string });
    f.gitIn(workspace.worktree, "checkout", "-q", "--detach");
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_CONFLICT" });
    f.gitIn(workspace.worktree, "checkout", "-q", "tm/1");
    const orphan = f.repo.git("-c", "user.name=x", "commit-tree", "HEAD^{tree}", "-m", "orphan");
    f.repo.git("update-ref", "refs/heads/tm/1", orphan);
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_CONFLICT" });
    f.repo.git("update-ref", "-d", "refs/heads/tm/1");
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_CONFLICT" });
    expect(f.branches()).not.toContain("tm/1");
    f.repo.git("update-ref", "refs/heads/tm/1", workspace.baseSha);
    f.gitIn(workspace.worktree, "commit", "-qam", "ours");
    f.repo.write("a.txt", "theirs\n");
    f.repo.git("commit", "-qam", "theirs");
    expect(() => f.gitIn(workspace.worktree, "merge", "main")).toThrow(/merge/);
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_CONFLICT", message: expect.stringContaining("merge") as string });
  });

  it("is refused to a process whose lease was lost, once the place has a new owner", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare({ token: 3 });
    write(workspace, "a.txt");
    expect(await f.prepare({ token: 4, continues: workspace })).toEqual(workspace);
    const stale = { code: "STALE_LEASE" };
    expect(await failure(f.commit(workspace, { token: 3 }))).toMatchObject(stale);
    expect(await failure(f.cleanup(workspace, "ref", { token: 3 }))).toMatchObject(stale);
    expect(await failure(f.prepare({ token: 3, continues: workspace }))).toMatchObject(stale);
    expect((await f.commit(workspace, { token: 4 })).files).toEqual(["a.txt"]);
    await f.cleanup(workspace, "branch", { token: 5 });
    expect(f.registrations()).toEqual([]);
  });

  it("takes the files of a repository that was made in place of a tracked file, and leaves a clone there out", async () => {
    using f = new GitFixture({ files: { tool: "old\n", clone: "old\n", other: "x\n" } });
    const workspace = await f.prepare();
    for (const name of ["tool", "clone"]) {
      rmSync(path.join(workspace.worktree, name));
      f.gitIn(workspace.worktree, "init", "-q", name);
      write(workspace, `${name}/main.c`);
      f.gitIn(path.join(workspace.worktree, name), "add", "main.c");
      f.gitIn(path.join(workspace.worktree, name), "commit", "-qm", "scaffold");
    }
    f.gitIn(path.join(workspace.worktree, "clone"), "remote", "add", "origin", "https://example.invalid/x");
    const events: WorkerEventBody[] = [];
    const input = { token: 1, workspace, subject: "s", body: "", taskId: "t", attempt: 1, identity: {} };
    expect((await call("git.commit", input, { events })).files).toEqual(["tool", "tool/main.c"]);
    expect(f.repo.git("ls-tree", "-r", "--name-only", workspace.branch).split("\n")).toEqual(["clone", "other", "tool/main.c"]);
    expect(events).toEqual([{ type: "log", level: "warn", message: expect.stringContaining("clone") as string }]);
  });

  it("takes the files of a scaffolded repository, leaves a clone out and says so", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    for (const name of ["app", "unborn", "clone"]) f.gitIn(workspace.worktree, "init", "-q", name);
    for (const name of ["app/a", "app/inner/b", "unborn/c", "clone/d", "z"]) write(workspace, name);
    f.gitIn(path.join(workspace.worktree, "app/inner"), "init", "-q");
    f.gitIn(path.join(workspace.worktree, "app"), "add", "a");
    f.gitIn(path.join(workspace.worktree, "app"), "commit", "-qm", "scaffold");
    f.gitIn(path.join(workspace.worktree, "clone"), "remote", "add", "origin", "https://example.invalid/x");
    const events: WorkerEventBody[] = [];
    const { files } = await call("git.commit", { token: 1, workspace, subject: "s", body: "", taskId: "t", attempt: 1, identity: {} }, { events });
    expect(files).toEqual(["app/a", "app/inner/b", "unborn/c", "z"]);
    expect(events).toEqual([{ type: "log", level: "warn", message: expect.stringContaining("clone") as string }]);
  });

  it("records the commit of a submodule without looking into it", async () => {
    using lib = new GitFixture();
    using f = new GitFixture();
    f.repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.repo.dir, "lib");
    f.repo.git("commit", "-qm", "with submodule");
    const workspace = await f.prepare();
    f.gitIn(workspace.worktree, "-c", "protocol.file.allow=always", "submodule", "update", "-q", "--init");
    write(workspace, "lib/new");
    expect((await f.commit(workspace)).commits).toEqual([]);
    f.gitIn(path.join(workspace.worktree, "lib"), "add", "-A");
    f.gitIn(path.join(workspace.worktree, "lib"), "commit", "-qm", "in lib");
    expect((await f.commit(workspace)).files).toEqual(["lib"]);
    await f.cleanup(workspace);
    expect(f.registrations()).toEqual([]);
  });

  it("waits for a lock that goes away and removes the one that a killed git left in the worktree", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    write(workspace, "a.txt");
    const lock = path.join(f.repo.dir, ".git/worktrees/task0001-1/index.lock");
    writeFileSync(lock, "");
    const removal = setTimeout(() => rmSync(lock), 100);
    expect((await f.commit(workspace)).commits).toHaveLength(1);
    clearTimeout(removal);
    write(workspace, "b.txt");
    writeFileSync(lock, "");
    utimesSync(lock, 1, 1);
    expect((await f.commit(workspace)).commits).toHaveLength(2);
  });

  it("says who is in the way of a ref, and may be tried again", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    write(workspace, "a.txt");
    const lock = path.join(f.repo.dir, ".git/refs/heads/tm/1.lock");
    writeFileSync(lock, "");
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_FAILED", retryable: true, message: expect.stringContaining("1.lock") as string });
    rmSync(lock);
    expect((await f.commit(workspace)).commits).toHaveLength(1);
    expect(readFileSync(path.join(workspace.worktree, "a.txt"), "utf8")).toBe("a.txt");
  }, 30_000);

  it("keeps a file whose name is not UTF-8, in the commit and in what is saved", async () => {
    using f = new GitFixture();
    const name = Buffer.from("caf\u00e9", "latin1");
    const workspace = await f.prepare();
    writeFileSync(Buffer.concat([Buffer.from(`${workspace.worktree}/`), name]), "coffee");
    await f.commit(workspace);
    expect(f.repo.git("ls-tree", "-r", "--name-only", "tm/1")).toContain(String.raw`"caf\351"`);
    writeFileSync(Buffer.concat([Buffer.from(`${workspace.worktree}/x`), name]), "more");
    const { savedAs } = await f.cleanup(workspace, "ref");
    expect(f.repo.git("ls-tree", "-r", "--name-only", savedAs as string)).toContain(String.raw`"xcaf\351"`);
  });

  it("needs an identity", async () => {
    using f = new GitFixture({ identity: false });
    const workspace = await f.prepare();
    write(workspace, "a.txt");
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "NO_IDENTITY" });
  });
});
