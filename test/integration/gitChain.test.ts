import { chmodSync, existsSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { HandlerOutput } from "../../src/protocol/handlers.ts";
import { call, GitFixture, isolateGit } from "../unit/worker/git/gitFixture.ts";

let f: GitFixture;
beforeEach(() => {
  isolateGit();
  f = new GitFixture();
});
afterEach(() => f[Symbol.dispose]());

/** A finished task: its branch with one file, from the branches of those it depends on. */
async function finish(name: string, ...bases: string[]): Promise<string> {
  const taskId = `task000${name}`;
  const workspace = await f.prepare({ branch: `tm/${name}`, taskId, worktree: path.join(f.root.dir, taskId), baseBranches: bases });
  writeFileSync(path.join(workspace.worktree, `${name}.txt`), name);
  await f.commit(workspace, { taskId });
  await f.cleanup(workspace, "branch", { taskId });
  return workspace.branch;
}

const chain = (expected: string[] = []): Promise<HandlerOutput<"git.chain">> => call("git.chain", { directory: f.repo.dir, prefix: "tm/", expected });
const startsFrom = ({ branches }: HandlerOutput<"git.chain">): Record<string, string[]> =>
  Object.fromEntries(branches.map((each) => [each.branch, each.startsFrom]));

/** One more commit on a branch, as a user or a rewrite makes it. */
function commitOn(parent: string, branch: string, text: string): void {
  const blob = f.repo.git("write-tree"); // the index is the checkout's; any tree will do
  const commit = f.repo.git("commit-tree", blob, "-p", parent, "-m", text);
  f.repo.git("update-ref", `refs/heads/${branch}`, commit);
}

describe("git.chain", () => {
  it("finds nothing where no task was", async () => {
    f.repo.git("branch", "other");
    expect(await chain()).toEqual({ isValid: true, branches: [], chains: [], divergences: [], missing: [] });
  });

  it("tells which branch starts from which, and the chains", async () => {
    await finish("a");
    await finish("b", "tm/a");
    await finish("c", "tm/b");
    await finish("d", "tm/a");
    await finish("e");
    await finish("f", "tm/d", "tm/e");
    const found = await chain(["tm/a", "tm/f"]);
    expect(found.isValid).toBe(true);
    expect(startsFrom(found)).toEqual({ "tm/a": [], "tm/b": ["tm/a"], "tm/c": ["tm/b"], "tm/d": ["tm/a"], "tm/e": [], "tm/f": ["tm/d", "tm/e"] });
    expect(found.chains).toEqual([
      ["tm/a", "tm/b", "tm/c"],
      ["tm/a", "tm/d", "tm/f"],
      ["tm/e", "tm/f"],
    ]);
    expect(found.branches[1]).toMatchObject({ taskId: "task000b", commits: 1, head: f.repo.git("rev-parse", "tm/b") });
  });

  it("does not mind where the user goes on: merges, moves on, stands on a task's branch", async () => {
    await finish("a");
    await finish("b", "tm/a");
    f.repo.git("checkout", "--quiet", "tm/b");
    expect((await chain()).chains).toEqual([["tm/a", "tm/b"]]);
    f.repo.git("checkout", "--quiet", "main");
    f.repo.git("merge", "--quiet", "tm/a");
    f.repo.git("branch", "--quiet", "-D", "tm/a");
    await finish("c");
    f.repo.git("checkout", "--quiet", "--orphan", "empty");
    expect(await chain()).toMatchObject({ isValid: true, chains: [["tm/b"], ["tm/c"]] });
  });

  it("a base that moved on, or was rewritten, after another started from it diverges", async () => {
    await finish("a");
    const first = f.repo.git("rev-parse", "tm/a");
    await finish("b", "tm/a");
    commitOn("tm/a", "tm/a", "moved on");
    expect(await chain()).toMatchObject({ isValid: false, divergences: [{ branches: ["tm/a", "tm/b"], at: first }] });
    commitOn("main", "tm/a", "rewritten");
    const rewritten = await chain();
    expect(rewritten).toMatchObject({ isValid: false, missing: [{ taskId: "task000a", neededBy: ["tm/b"] }] });
  });

  it("names branches that should be there, and the tasks that others build on", async () => {
    await finish("a");
    await finish("b", "tm/a");
    f.repo.git("branch", "-D", "tm/a");
    const { isValid, missing } = await chain(["tm/a", "tm/b"]);
    expect(isValid).toBe(false);
    expect(missing).toEqual([
      { branch: "tm/a", neededBy: [] },
      { taskId: "task000a", neededBy: ["tm/b"] },
    ]);
  });

  it("runs nothing of the repository's configuration, even for signed commits", async () => {
    await finish("a");
    const ran = path.join(f.root.dir, "ran");
    const program = f.root.write("gpg", `#!/bin/sh\ntouch '${ran}'\n`);
    chmodSync(program, 0o755);
    const signed = f.repo.git("cat-file", "commit", "tm/a").replace(/\n\n/, "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n");
    const commit = f.gitIn(f.repo.dir, "hash-object", "-t", "commit", "-w", f.root.write("commit", signed));
    f.repo.git("update-ref", "refs/heads/tm/a", commit);
    f.repo.git("config", "gpg.program", program);
    f.repo.git("config", "log.showSignature", "true");
    f.repo.git("config", "core.fsmonitor", program);
    expect((await chain()).chains).toEqual([["tm/a"]]);
    await call("git.dump", { directory: f.repo.dir, label: "x" });
    expect(existsSync(ran)).toBe(false);
  });

  it("changes nothing", async () => {
    await finish("a");
    const before = f.userState();
    await chain();
    await call("git.dump", { directory: f.repo.dir, label: "x" });
    expect(f.userState()).toBe(before);
  });
});

describe("git.dump", () => {
  it("tells branches, heads, worktrees, status and remotes, without credentials", async () => {
    const workspace = await f.prepare();
    f.repo.git("remote", "add", "origin", "https://me:s3cret@example.invalid/x.git?token=s3cret#s3cret");
    f.repo.git("remote", "add", "plain", "git@example.invalid:x.git");
    f.repo.git("update-ref", "refs/task-master/unfinished/task0002/1", "HEAD");
    f.repo.write("new.txt", "content that nobody needs");
    const state = await call("git.dump", { directory: f.repo.dir, label: "before\nthe crash" });
    expect(state).toMatchObject({ label: "before the crash", root: f.repo.dir, branch: "main", head: f.repo.git("rev-parse", "HEAD"), status: ["?? new.txt"] });
    const short = f.repo.git("rev-parse", "--short", "HEAD");
    expect(state.branches).toEqual([`${short} refs/heads/main`, `${short} refs/heads/tm/1`]);
    expect(state.kept).toEqual([`${short} refs/task-master/unfinished/task0002/1`]);
    expect(state.worktrees).toContain(`worktree ${workspace.worktree}`);
    expect(state.remotes).toContain("origin https://***@example.invalid/x.git (fetch)");
    expect(JSON.stringify(state)).not.toMatch(/s3cret|content that/);
  });

  it("is bounded, and works where HEAD is detached or unborn", async () => {
    for (let number = 0; number < 600; number++) f.repo.write(`many/${number}.txt`, "");
    f.repo.git("add", "--all");
    const state = await call("git.dump", { directory: f.repo.dir, label: "many" });
    expect(state.status).toHaveLength(501);
    expect(state.status.at(-1)).toBe("... 100 more");
    f.repo.git("checkout", "--quiet", "--detach");
    expect(await call("git.dump", { directory: f.repo.dir, label: "x" })).not.toHaveProperty("branch");
    f.repo.git("checkout", "--quiet", "--orphan", "unborn");
    expect(await call("git.dump", { directory: f.repo.dir, label: "x" })).not.toHaveProperty("head");
  });
});
