import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { createTempDir } from "../helpers/tempRepo.ts";
import type { WorkerEventBody } from "../../src/model/taskEvent.ts";
import { GitFixture, isolateGit } from "../unit/worker/git/gitFixture.ts";

beforeEach(isolateGit);
const unfinished = "refs/task-master/unfinished/task0001/1";

describe("git.cleanup", () => {
  it("removes the worktree and a branch without work, also when called again", async () => {
    using f = new GitFixture({ files: { ".gitignore": "out\n" } });
    const workspace = await f.prepare();
    mkdirSync(path.join(workspace.worktree, "out"));
    writeFileSync(path.join(workspace.worktree, "out/x"), "ignored");
    expect(await f.cleanup(workspace)).toEqual({});
    expect(await f.cleanup(workspace)).toEqual({});
    expect([existsSync(workspace.worktree), f.registrations(), f.branches()]).toEqual([false, [], ["main"]]);
  });

  it("keeps a branch with work, and one that the user has checked out", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    writeFileSync(path.join(workspace.worktree, "a"), "");
    await f.commit(workspace);
    expect(await f.cleanup(workspace)).toEqual({});
    expect(f.branches()).toEqual(["main", "tm/1"]);
    const second = await f.prepare({ taskId: "task0002" });
    f.gitIn(second.worktree, "checkout", "-q", "--detach");
    f.repo.git("checkout", "-q", second.branch);
    await f.cleanup(second);
    expect(f.branches()).toEqual(["main", "tm/1", "tm/1-2"]);
  });

  it("saves uncommitted work on the branch; it does not pass for the result of the attempt", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    writeFileSync(path.join(workspace.worktree, "a"), "half");
    expect(await f.cleanup(workspace)).toEqual({ savedAs: "tm/1" });
    expect(f.repo.git("log", "-1", "--format=%B", "tm/1")).toBe("Unfinished: Add a thing\n\nTask-Master-Id: task0001/1\nTask-Master-State: unfinished\n");
    const again = await f.prepare({ continues: workspace });
    expect(readFileSync(path.join(again.worktree, "a"), "utf8")).toBe("half");
    writeFileSync(path.join(again.worktree, "b"), "rest");
    expect(await f.commit(again)).toMatchObject({ files: ["a", "b"] });
  });

  it("saves the work of a failed attempt, committed or not, under a ref of its own; the branch goes back to where it began", async () => {
    using f = new GitFixture();
    const workspace = await f.prepare();
    writeFileSync(path.join(workspace.worktree, "a"), "");
    await f.commit(workspace);
    const head = f.repo.git("rev-parse", "tm/1");
    writeFileSync(path.join(workspace.worktree, "b"), "");
    await f.cleanup(workspace);
    const second = await f.prepare({ ownBranch: "tm/1" });
    writeFileSync(path.join(second.worktree, "c"), "");
    await f.commit(second);
    writeFileSync(path.join(second.worktree, "d"), "");
    expect(await f.cleanup(second, "ref")).toEqual({ savedAs: unfinished });
    expect(f.repo.git("diff", "--name-only", `tm/1..${unfinished}`).split("\n")).toEqual(["c", "d"]);
    expect(f.repo.git("rev-parse", "tm/1")).toBe(second.startSha);
    expect(second.startSha).not.toBe(head); // the unfinished commit of the first one stays
  });

  it("saves under a ref when HEAD is elsewhere or the branch was deleted", async () => {
    using f = new GitFixture();
    const detached = await f.prepare();
    f.gitIn(detached.worktree, "checkout", "-q", "--detach");
    f.gitIn(detached.worktree, "commit", "-q", "--allow-empty", "-m", "on nothing");
    const commit = f.gitIn(detached.worktree, "rev-parse", "HEAD");
    expect(await f.cleanup(detached)).toEqual({ savedAs: unfinished });
    expect(f.repo.git("rev-parse", unfinished)).toBe(commit);
    const deleted = await f.prepare({ taskId: "task0002" });
    writeFileSync(path.join(deleted.worktree, "a"), "");
    f.repo.git("update-ref", "-d", `refs/heads/${deleted.branch}`);
    expect(await f.cleanup(deleted, "branch", { taskId: "task0002" })).toEqual({ savedAs: "refs/task-master/unfinished/task0002/1" });
    expect(f.repo.git("rev-parse", "refs/task-master/unfinished/task0002/1^")).toBe(deleted.baseSha);
    expect(f.registrations()).toEqual([]);
  });

  it("keeps files in the empty folder of a submodule under a ref, beside the work and never in it", async () => {
    using lib = new GitFixture();
    using f = new GitFixture({ files: { ".gitignore": "out\n" } });
    f.repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.repo.dir, "lib");
    f.repo.git("commit", "-qm", "with submodule");
    const events: WorkerEventBody[] = [];
    /** An attempt that wrote these files, and its end. */
    const end = async (keep: "branch" | "ref", ...files: string[]): Promise<string | undefined> => {
      const workspace = await f.prepare();
      for (const file of files) {
        mkdirSync(path.dirname(path.join(workspace.worktree, file)), { recursive: true });
        writeFileSync(path.join(workspace.worktree, file), file);
      }
      return (await f.cleanup(workspace, keep, {}, { events })).savedAs;
    };
    expect([await end("ref", "lib/out"), events]).toEqual([undefined, []]);
    expect(await end("ref", "lib/sub/a.txt")).toBe(unfinished);
    expect(f.repo.git("show", `${unfinished}:lib/sub/a.txt`)).toBe("lib/sub/a.txt");
    expect(events).toMatchObject([{ type: "log", level: "warn", message: expect.stringContaining(`(lib): they are kept at ${unfinished}`) as string }]);
    expect(await end("branch", "lib/b.txt", "c.txt")).toBe("tm/1");
    expect(f.repo.git("diff", "--name-only", "main", "tm/1")).toBe("c.txt");
    expect(f.repo.git("ls-tree", "tm/1", "lib")).toContain("160000 commit");
    expect(f.repo.git("show", `${unfinished}-2:lib/b.txt`)).toBe("lib/b.txt");
    expect(f.registrations()).toEqual([]);
  });

  it("never moves a ref that holds what the same attempt left before; the same work is kept once", async () => {
    using f = new GitFixture();
    const fail = async (content: string): Promise<string | undefined> => {
      const workspace = await f.prepare();
      writeFileSync(path.join(workspace.worktree, "a"), content);
      return (await f.cleanup(workspace, "ref")).savedAs;
    };
    expect(await fail("first")).toBe(unfinished);
    const saved = f.repo.git("rev-parse", unfinished);
    expect([await fail("second"), await fail("third")]).toEqual([`${unfinished}-2`, `${unfinished}-3`]);
    expect(f.repo.git("rev-parse", unfinished)).toBe(saved);
    expect([`${unfinished}-2`, `${unfinished}-3`].map((ref) => f.repo.git("show", `${ref}:a`))).toEqual(["second", "third"]);
    expect(await fail("second")).toBe(`${unfinished}-2`);
    expect(f.repo.git("for-each-ref", "--format=%(refname)", "refs/task-master").split("\n")).toHaveLength(3);
  });

  it("saves without an identity and in the middle of a merge conflict", async () => {
    using f = new GitFixture({ identity: false, files: { a: "1\n" } });
    const workspace = await f.prepare();
    writeFileSync(path.join(workspace.worktree, "a"), "ours\n");
    f.gitIn(workspace.worktree, "commit", "-qam", "ours");
    f.repo.write("a", "theirs\n");
    f.gitIn(f.repo.dir, "commit", "-qam", "theirs");
    expect(() => f.gitIn(workspace.worktree, "merge", "main")).toThrow(/merge/);
    expect(await f.cleanup(workspace)).toEqual({ savedAs: "tm/1" });
    expect(f.repo.git("show", "tm/1:a")).toContain("<<<<<<<");
  });

  it("copes with a folder or a registration that is gone, and with a removal that was cut off", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    rmSync(first.worktree, { recursive: true });
    expect(await f.cleanup(first)).toEqual({});
    const second = await f.prepare();
    rmSync(path.join(f.repo.dir, ".git/worktrees"), { recursive: true });
    expect(await f.cleanup(second)).toEqual({});
    expect(existsSync(second.worktree)).toBe(true);
    rmSync(second.worktree, { recursive: true });
    const third = await f.prepare();
    writeFileSync(path.join(f.repo.dir, ".git/worktrees/task0001-1/task-master-removing"), "");
    rmSync(path.join(third.worktree, "README.md"));
    expect(await f.cleanup(third)).toEqual({});
    expect([f.registrations(), f.branches()]).toEqual([[], ["main"]]);
  });

  it("never follows a link: in the worktree, or in its place", async () => {
    using f = new GitFixture();
    using home = createTempDir();
    home.write("precious", "x");
    const first = await f.prepare();
    symlinkSync(home.dir, path.join(first.worktree, "link"));
    await f.cleanup(first);
    const second = await f.prepare({ taskId: "task0002", worktree: path.join(f.root.dir, "second") });
    renameSync(second.worktree, path.join(f.root.dir, "moved"));
    symlinkSync(home.dir, second.worktree);
    await expect(f.cleanup(second)).rejects.toMatchObject({ code: "GIT_UNSAFE" });
    expect(existsSync(path.join(home.dir, "precious"))).toBe(true);
    expect(existsSync(path.join(home.dir, ".git"))).toBe(false);
  });
});
