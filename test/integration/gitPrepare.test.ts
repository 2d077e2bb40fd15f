import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cancelledError } from "../../src/model/errors.ts";
import type { WorkerEventBody } from "../../src/model/taskEvent.ts";
import { call, failure, GitFixture, isolateGit, type Workspace } from "../unit/worker/git/gitFixture.ts";

beforeEach(isolateGit);

describe("git.prepare", () => {
  it("makes branch and worktree from HEAD and leaves a dirty checkout as it is, byte for byte", async () => {
    using f = new GitFixture({ files: { "a.txt": "1\n", "b.txt": "1\n", ".gitignore": "out\n" } });
    f.repo.write("a.txt", "stashed\n");
    f.repo.git("stash", "-q");
    f.repo.write("a.txt", "staged\n");
    f.repo.git("add", "a.txt");
    f.repo.write("b.txt", "changed\n");
    f.repo.write("new.txt", "untracked\n");
    f.repo.write("out/x", "ignored\n");
    const before = f.userState();
    const workspace = await f.prepare();
    expect(workspace).toEqual({
      repository: f.repo.dir,
      worktree: path.join(f.root.dir, "task0001-1"),
      branch: "tm/1",
      baseSha: f.repo.git("rev-parse", "HEAD"),
      startSha: f.repo.git("rev-parse", "HEAD"),
    });
    expect(readFileSync(path.join(workspace.worktree, "a.txt"), "utf8")).toBe("1\n");
    expect(f.gitIn(workspace.worktree, "status", "--porcelain")).toBe("");
    writeFileSync(path.join(workspace.worktree, "c.txt"), "work");
    await f.commit(workspace);
    writeFileSync(path.join(workspace.worktree, "d.txt"), "more");
    await f.cleanup(workspace);
    expect(f.userState()).toBe(before);
  });

  it("works with a detached HEAD, an unfinished merge, a submodule and an empty tree", async () => {
    using lib = new GitFixture();
    using f = new GitFixture();
    f.repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", lib.repo.dir, "lib");
    f.repo.git("commit", "-qm", "with submodule");
    f.repo.git("checkout", "-q", "-b", "other", "HEAD~1");
    f.repo.write("README.md", "other\n");
    f.repo.git("commit", "-qam", "other");
    f.repo.git("checkout", "-q", "main");
    f.repo.write("README.md", "main\n");
    f.repo.git("commit", "-qam", "main");
    f.repo.git("checkout", "-q", "--detach");
    expect(() => f.repo.git("merge", "other")).toThrow(/merge/);
    const before = f.userState();
    const workspace = await f.prepare();
    expect(readdirSync(path.join(workspace.worktree, "lib"))).toEqual([]);
    expect(f.gitIn(workspace.worktree, "status", "--porcelain")).toBe("");
    expect(await f.commit(workspace)).toEqual({ commits: [], files: [] });
    expect(f.userState()).toBe(before);
    using empty = new GitFixture({ files: {} });
    expect(readdirSync((await empty.prepare()).worktree)).toEqual([".git"]);
  });

  it.each(["rebase", "merge", "cherry-pick", "revert", "bisect"])("says that it starts in the middle of a %s", async (what) => {
    using f = new GitFixture({ files: { "a.txt": "1\n" } });
    f.repo.git("checkout", "-q", "-b", "other");
    f.repo.write("a.txt", "other\n");
    f.repo.git("commit", "-qam", "other");
    f.repo.git("checkout", "-q", "main");
    for (const text of ["2\n", "3\n"]) {
      f.repo.write("a.txt", text);
      f.repo.git("commit", "-qam", text);
    }
    if (what === "bisect") f.repo.git("bisect", "start", "HEAD", "HEAD~2");
    else expect(() => f.repo.git(what, ...(what === "revert" ? ["--no-edit", "HEAD~1"] : ["other"]))).toThrow(what);
    const events: WorkerEventBody[] = [];
    const { startSha } = await f.prepare({}, { events });
    const message = `A ${what} is under way in ${f.repo.dir}: the task starts from its HEAD as it is now (${startSha.slice(0, 10)}), which may be half-way.`;
    expect(events).toEqual([{ type: "log", level: "warn", message }]);
    // Once for a task; and not for one that starts from somewhere else.
    await f.prepare({ token: 2, attempt: 2, ownBranch: "tm/1" }, { events });
    await f.prepare({ taskId: "task0002", worktree: path.join(f.root.dir, "b"), branch: "tm/2", baseBranches: ["other"] }, { events });
    expect(events).toHaveLength(1);
  });

  it("starts from the branch of a dependency, and says when that is gone", async () => {
    using f = new GitFixture();
    f.repo.git("branch", "tm/9");
    f.repo.git("commit", "-q", "--allow-empty", "-m", "later");
    expect((await f.prepare({ baseBranches: ["tm/9"] })).baseSha).toBe(f.repo.git("rev-parse", "tm/9"));
    expect(await failure(f.prepare({ baseBranches: ["tm/8"], worktree: path.join(f.root.dir, "x") }))).toMatchObject({
      code: "GIT_CONFLICT",
      message: expect.stringContaining("tm/8") as string,
    });
    expect(await failure(f.prepare({ baseBranches: ["--help"], worktree: path.join(f.root.dir, "x") }))).toMatchObject({ code: "GIT_CONFLICT" });
  });

  it("takes a suffix when another task has the branch", async () => {
    using f = new GitFixture();
    f.repo.git("branch", "tm/1");
    const second = await f.prepare();
    const third = await f.prepare({ taskId: "task0002", worktree: path.join(f.root.dir, "b") });
    expect([second.branch, third.branch]).toEqual(["tm/1-2", "tm/1-3"]);
  });

  it("explains names that git does not accept and prefixes that are taken", async () => {
    using f = new GitFixture();
    expect(await failure(f.prepare({ branch: "a..b" }))).toMatchObject({ code: "INVALID_INPUT" });
    f.repo.git("branch", "tm");
    expect(await failure(f.prepare())).toMatchObject({ code: "GIT_CONFLICT", message: expect.stringContaining("branchPrefix") as string });
    expect(existsSync(path.join(f.root.dir, "task0001-1"))).toBe(false);
  });

  it("keeps on the branch what an earlier attempt left uncommitted, and counts from behind it", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    writeFileSync(path.join(first.worktree, "left.txt"), "1"); // its clean-up failed
    const second = await f.prepare({ token: 2, attempt: 2, ownBranch: "tm/1" });
    expect(second).toMatchObject({ worktree: first.worktree, branch: "tm/1", baseSha: first.baseSha });
    expect(f.repo.git("show", `${second.startSha}:left.txt`)).toBe("1");
    expect(f.repo.git("log", "-1", "--format=%s%n%(trailers:key=Task-Master-Id,valueonly)", "tm/1")).toBe(
      "Unfinished: left by an earlier attempt\ntask0001/1\n",
    );
    expect((await call("git.changes", { workspace: second })).files).toEqual([]);
    expect(f.gitIn(second.worktree, "status", "--porcelain")).toBe("");
  });

  it("reuses the own branch of an earlier attempt; the base stays where the work began, the attempt starts at the branch's head", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    writeFileSync(path.join(first.worktree, "one.txt"), "1");
    const { commits } = await f.commit(first);
    await f.cleanup(first);
    f.repo.git("commit", "-q", "--allow-empty", "-m", "main moved on");
    const second = await f.prepare({ ownBranch: "tm/1", worktree: path.join(f.root.dir, "again") });
    expect(second).toMatchObject({ branch: "tm/1", baseSha: first.baseSha, startSha: commits[0] });
    expect(f.gitIn(second.worktree, "rev-parse", "HEAD")).toBe(commits[0]);
    expect((await call("git.changes", { workspace: second })).files).toEqual([]); // nothing of this attempt yet
    writeFileSync(path.join(second.worktree, "two.txt"), "2");
    expect((await call("git.changes", { workspace: second })).files).toEqual(["two.txt"]);
    expect((await f.commit(second)).files).toEqual(["one.txt", "two.txt"]);
  });

  it("starts anew when the own branch is gone, and refuses while the user has it checked out", async () => {
    using f = new GitFixture();
    expect((await f.prepare({ ownBranch: "tm/old" })).branch).toBe("tm/1");
    f.repo.git("checkout", "-q", "-b", "tm/2");
    expect(await failure(f.prepare({ ownBranch: "tm/2", worktree: path.join(f.root.dir, "x") }))).toMatchObject({
      code: "GIT_CONFLICT",
      message: expect.stringContaining(f.repo.dir) as string,
    });
  });

  it("continues in a whole worktree with its uncommitted work, and makes a lost one again from the branch", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    writeFileSync(path.join(first.worktree, "one.txt"), "1");
    await f.commit(first);
    writeFileSync(path.join(first.worktree, "two.txt"), "2");
    f.repo.git("commit", "-q", "--allow-empty", "-m", "main moved on");
    expect(await f.prepare({ continues: first })).toEqual(first);
    expect(readFileSync(path.join(first.worktree, "two.txt"), "utf8")).toBe("2");
    rmSync(first.worktree, { recursive: true });
    expect(await f.prepare({ continues: first })).toEqual({ ...first, isRemade: true });
    expect(readdirSync(first.worktree).sort()).toEqual([".git", "README.md", "one.txt"]);
    f.gitIn(first.worktree, "checkout", "-q", "-b", "elsewhere");
    expect(await failure(f.prepare({ continues: first }))).toMatchObject({ code: "GIT_CONFLICT" });
    f.repo.git("update-ref", "-d", "refs/heads/tm/1");
    expect(await failure(f.prepare({ continues: first }))).toMatchObject({
      code: "GIT_CONFLICT",
      message: expect.stringMatching(/tm\/1 .* was deleted.*branch elsewhere/) as string,
    });
  });

  it("makes a branch that was deleted again where its worktree was, whether the attempt goes on or a new one begins", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    writeFileSync(path.join(first.worktree, "one.txt"), "1");
    const { commits } = await f.commit(first);
    writeFileSync(path.join(first.worktree, "two.txt"), "2");
    const deleted = (): string => f.repo.git("update-ref", "-d", "refs/heads/tm/1");
    deleted();
    const events: WorkerEventBody[] = [];
    expect(await f.prepare({ token: 2, continues: first }, { events })).toEqual(first);
    expect(events).toMatchObject([{ type: "log", level: "warn", message: expect.stringMatching(/tm\/1 was deleted.*made again/) as string }]);
    expect(f.repo.git("rev-parse", "tm/1")).toBe(commits[0]);
    expect(f.gitIn(first.worktree, "status", "--porcelain")).toBe("?? two.txt");
    deleted();
    const retried = await f.prepare({ token: 3, attempt: 2, ownBranch: "tm/1" });
    expect(retried).toMatchObject({ worktree: first.worktree, branch: "tm/1", baseSha: first.baseSha });
    expect(f.repo.git("log", "--format=%s", "tm/1").split("\n")).toEqual(["Unfinished: left by an earlier attempt", "Add a thing", "Initial commit"]);
    expect(f.repo.git("show", `${retried.startSha}:two.txt`)).toBe("2");
  });

  it.each(["gone", "of another history", "of the deletion alone"])("makes it again where the attempt began when the worktree's reflog is %s", async (how) => {
    using f = new GitFixture();
    const first = await f.prepare();
    const log = path.join(f.repo.dir, ".git/worktrees/task0001-1/logs/HEAD");
    f.repo.git("update-ref", "-d", "refs/heads/tm/1");
    const none = "0".repeat(40);
    const other = f.repo.git("commit-tree", "-m", "other", "HEAD^{tree}");
    if (how === "gone") rmSync(log, { force: true });
    else writeFileSync(log, `${how === "of another history" ? `${none} ${other}` : `${none} ${none}`} A <a@b> 1 +0000\tx\n`);
    expect(await f.prepare({ token: 2, continues: first })).toEqual(first);
    expect(f.repo.git("rev-parse", "tm/1")).toBe(first.startSha);
  });

  it("knows the commit of a worktree in which its branch was deleted", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    writeFileSync(path.join(first.worktree, "one.txt"), "1");
    const { commits } = await f.commit(first);
    f.gitIn(first.worktree, "update-ref", "-d", "refs/heads/tm/1");
    expect(await f.prepare({ token: 2, continues: first })).toEqual(first);
    expect(f.repo.git("rev-parse", "tm/1")).toBe(commits[0]);
  });

  describe("whose branch was deleted behind its worktree", () => {
    let f: GitFixture;
    let events: WorkerEventBody[];
    beforeEach(() => {
      [f, events] = [new GitFixture(), []];
    });
    afterEach(() => f[Symbol.dispose]());
    const told = (level: "info" | "warn", ...words: RegExp[]): void =>
      expect(events).toEqual([{ type: "log", level, message: expect.toSatisfy((text: string) => words.every((word) => word.test(text))) as string }]);
    const deleted = (): string => f.repo.git("update-ref", "-d", "refs/heads/tm/1");

    /** A finished task with one commit. */
    async function done(): Promise<{ readonly first: Workspace; readonly ownHead: string }> {
      const first = await f.prepare();
      writeFileSync(path.join(first.worktree, "one.txt"), "1");
      const { commits } = await f.commit(first);
      await f.cleanup(first);
      deleted();
      f.repo.git("commit", "-q", "--allow-empty", "-m", "main moved on");
      return { first, ownHead: commits[0] ?? "" };
    }
    const again = (ownHead: string): Promise<Workspace> => f.prepare({ token: 2, attempt: 2, ownBranch: "tm/1", ownHead }, { events });

    it("is made again at its recorded commit, and says so", async () => {
      const { first, ownHead } = await done();
      expect(await again(ownHead)).toMatchObject({ branch: "tm/1", baseSha: first.baseSha, startSha: ownHead });
      expect(existsSync(path.join(first.worktree, "one.txt"))).toBe(true);
      told("warn", /tm\/1 was deleted.*made again/, new RegExp(ownHead.slice(0, 10)));
    });

    it("starts from where its commit was merged to, and says so", async () => {
      const { ownHead } = await done();
      f.repo.git("merge", "-q", "--no-edit", ownHead);
      const head = f.repo.git("rev-parse", "HEAD");
      expect(await again(ownHead)).toMatchObject({ branch: "tm/1", baseSha: head, startSha: head });
      told("info", /no longer exists/, new RegExp(`${ownHead.slice(0, 10)} is part of ${head.slice(0, 10)}`));
    });

    it("says that the work is lost when git no longer has its commit", async () => {
      const { ownHead } = await done();
      f.repo.git("-c", "gc.reflogExpire=now", "-c", "gc.reflogExpireUnreachable=now", "gc", "-q", "--prune=now");
      const head = f.repo.git("rev-parse", "HEAD");
      expect(await again(ownHead)).toMatchObject({ branch: "tm/1", baseSha: head, startSha: head });
      told("warn", new RegExp(`its commit ${ownHead.slice(0, 10)} is no longer in the repository: that work is lost`));
    });

    /** An interrupted attempt that goes on behind earlier work, with a commit of the agent's own. */
    async function interrupted(): Promise<{ readonly place: Workspace; readonly own: string }> {
      const { ownHead } = await done();
      const place = await again(ownHead);
      events.length = 0;
      f.gitIn(place.worktree, "commit", "-q", "--allow-empty", "-m", "by the agent");
      return { place, own: f.gitIn(place.worktree, "rev-parse", "HEAD") };
    }

    it("goes on at the last commit of a worktree whose folder is gone", async () => {
      const { place, own } = await interrupted();
      rmSync(place.worktree, { recursive: true });
      deleted();
      expect(await f.prepare({ token: 3, attempt: 2, continues: place, ownBranch: "tm/1" }, { events })).toEqual({ ...place, isRemade: true });
      expect(f.repo.git("rev-parse", "tm/1")).toBe(own);
      told("warn", /made again/, new RegExp(own.slice(0, 10)));
    });

    it("goes on at the recorded commit where git knows nothing of the worktree any more, and says what is not known", async () => {
      const { place } = await interrupted();
      f.repo.git("worktree", "remove", "--force", place.worktree);
      deleted();
      expect(await f.prepare({ token: 3, attempt: 2, continues: place, ownBranch: "tm/1" }, { events })).toEqual({ ...place, isRemade: true });
      expect(f.repo.git("rev-parse", "tm/1")).toBe(place.startSha);
      told("warn", /made again/, new RegExp(place.startSha.slice(0, 10)), /git fsck --lost-found/);
    });

    it("begins anew where no commit is recorded, and says what is not known", async () => {
      const place = await f.prepare();
      f.repo.git("worktree", "remove", "--force", place.worktree);
      deleted();
      expect(await f.prepare({ token: 2, continues: place, ownBranch: "tm/1" }, { events })).toEqual({ ...place, isRemade: true });
      told("warn", /no commit of it is known/, /starts anew/, /git fsck --lost-found/);
    });
  });

  it("gives the same place when it is called twice (a crash before the step was recorded)", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    writeFileSync(path.join(first.worktree, "one.txt"), "1");
    expect(await f.prepare()).toEqual(first);
    expect(existsSync(path.join(first.worktree, "one.txt"))).toBe(true);
    expect(await failure(f.prepare({ taskId: "task0002" }))).toMatchObject({ code: "GIT_CONFLICT" });
  });

  it("takes up a branch that a crash left without worktree", async () => {
    using f = new GitFixture();
    const first = await f.prepare();
    f.repo.git("worktree", "remove", "--force", first.worktree);
    expect(await f.prepare()).toEqual(first);
  });

  it.each(["locked", "index"])("repairs a half-made worktree (%s)", async (part) => {
    using f = new GitFixture();
    const first = await f.prepare();
    const gitDir = path.join(f.repo.dir, ".git/worktrees/task0001-1");
    if (part === "locked") writeFileSync(path.join(gitDir, "locked"), "initializing");
    else rmSync(path.join(gitDir, "index"));
    rmSync(path.join(first.worktree, "README.md"));
    expect(await f.prepare()).toEqual(first);
    expect(f.gitIn(first.worktree, "status", "--porcelain")).toBe("");
    expect(f.registrations()).toEqual(["task0001-1"]);
  });

  it("never touches folders and worktrees that are not its own", async () => {
    using f = new GitFixture();
    const worktree = path.join(f.root.dir, "task0001-1");
    mkdirSync(worktree);
    writeFileSync(path.join(worktree, "precious"), "");
    expect(await failure(f.prepare())).toMatchObject({ code: "GIT_CONFLICT" });
    expect(existsSync(path.join(worktree, "precious"))).toBe(true);
    const users = path.join(f.root.dir, "users");
    f.repo.git("worktree", "add", "-q", users, "-b", "users");
    expect(await failure(f.prepare({ worktree: users }))).toMatchObject({ code: "GIT_CONFLICT" });
    expect(await failure(f.prepare({ worktree: path.join(f.repo.dir, "sub") }))).toMatchObject({ code: "INVALID_INPUT" });
    expect(await failure(f.prepare({ worktree: "relative" }))).toMatchObject({ code: "INVALID_INPUT" });
    expect(await failure(f.prepare({ worktree: path.join(f.repo.dir, "README.md/sub/x") }))).toMatchObject({ code: "NO_FOLDER" });
  });

  it("keeps the part of the repository that the user has in a sparse checkout", async () => {
    using f = new GitFixture({ files: { "a/1": "", "b/2": "", ".agents/plugins/p/x": "" } });
    f.repo.git("sparse-checkout", "set", "a", ".agents");
    const workspace = await f.prepare();
    expect(readdirSync(workspace.worktree).sort()).toEqual([".git", "a"]);
    writeFileSync(path.join(workspace.worktree, "a/new"), "");
    mkdirSync(path.join(workspace.worktree, "c"));
    writeFileSync(path.join(workspace.worktree, "c/new"), "");
    expect((await f.commit(workspace)).files).toEqual(["a/new", "c/new"]);
  });

  it("prepares eight tasks at once, also for the same branch name", async () => {
    using f = new GitFixture({ files: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`src/${i}.txt`, `${i}`])) });
    const places = await Promise.all(Array.from({ length: 8 }, (_, i) => f.prepare({ taskId: `task000${i}`, worktree: path.join(f.root.dir, `w${i}`) })));
    expect(new Set(places.map(({ branch }) => branch))).toEqual(new Set(["tm/1", ...[2, 3, 4, 5, 6, 7, 8].map((n) => `tm/1-${n}`)]));
    for (const { worktree } of places) {
      writeFileSync(path.join(worktree, "own.txt"), worktree);
      expect(f.gitIn(worktree, "status", "--porcelain")).toBe("?? own.txt");
    }
    const results = await Promise.all(places.map((place, i) => f.commit(place, { taskId: `task000${i}` })));
    expect(results.every(({ commits, files }) => commits.length === 1 && files.length === 1)).toBe(true);
    await Promise.all(places.map((place, i) => f.cleanup(place, "branch", { taskId: `task000${i}` })));
    expect(f.registrations()).toEqual([]);
  });

  it("can be cancelled and called again", async () => {
    using f = new GitFixture({ files: Object.fromEntries(Array.from({ length: 2000 }, (_, i) => [`src/${i}.txt`, `${i}`])) });
    const controller = new AbortController();
    const input = {
      token: 1,
      attempt: 1,
      directory: f.repo.dir,
      worktree: path.join(f.root.dir, "w"),
      branch: "tm/1",
      taskId: "task0001",
      baseBranches: [],
      identity: {},
    };
    const running = failure(call("git.prepare", input, { signal: controller.signal }));
    // The registration shows that `worktree add` has begun.
    while (f.registrations().length === 0) await new Promise((resolve) => setImmediate(resolve));
    controller.abort(cancelledError("stop"));
    expect(await running).toMatchObject({ code: "CANCELLED" });
    const workspace = await call("git.prepare", input);
    expect(f.gitIn(workspace.worktree, "status", "--porcelain")).toBe("");
  });
});
