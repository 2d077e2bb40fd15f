import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cancelledError } from "../../src/model/errors.ts";
import { pushBranch } from "../../src/worker/git/push.ts";
import { waitFor, waitForNoProcesses } from "../helpers/leakCheck.ts";
import { createTempDir, createTempRepo, type TempDir } from "../helpers/tempRepo.ts";
import { call, failure, GitFixture, isolateGit, type Workspace } from "../unit/worker/git/gitFixture.ts";

const quick = { retryDelaysMs: [1, 1] };
const branch = "tm/1";
const run = "task0001-1";

let f: GitFixture;
let place: TempDir;
let server: Server | undefined;
let workspace: Workspace;

beforeEach(async () => {
  isolateGit();
  f = new GitFixture();
  place = createTempDir("task-master-remote-");
  workspace = await f.prepare({ branch });
  writeFileSync(path.join(workspace.worktree, "a.txt"), "a");
  await f.commit(workspace);
});
afterEach(async () => {
  await waitForNoProcesses(place.dir);
  await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())));
  server = undefined;
  f[Symbol.dispose]();
  place.dispose();
});

/** A bare repository as the remote `origin`, by a file URL. */
function addRemote(name = "origin"): string {
  const bare = path.join(place.dir, "origin.git");
  f.gitIn(place.dir, "init", "--quiet", "--bare", bare);
  f.repo.git("remote", "add", name, `file://${bare}`);
  return bare;
}

function hook(bare: string, name: string, script: string): void {
  const file = path.join(bare, "hooks", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

async function push(remote = "origin", { signal = new AbortController().signal } = {}): Promise<{ pushed: boolean; reason?: string; warnings: string[] }> {
  const warnings: string[] = [];
  return { ...(await pushBranch({ run, workspace, remote }, { signal, warn: (text) => void warnings.push(text) }, quick)), warnings };
}

const head = (): string => f.repo.git("rev-parse", branch);
const remoteHead = (bare: string): string => f.gitIn(bare, "rev-parse", `refs/heads/${branch}`);

/** Listens on loopback; gives the port. */
async function listen(onConnection: () => void): Promise<number> {
  server = createServer((socket) => {
    socket.resume().on("error", () => undefined); // else the end of the other side is never noticed
    onConnection();
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

describe("git.push", () => {
  it("sends the branch under its own name, and nothing else; again is a no-op", async () => {
    const bare = addRemote();
    f.repo.git("tag", "v1", branch);
    f.repo.git("config", "push.followTags", "true");
    const before = f.userState();
    expect(await call("git.push", { run, workspace, remote: "origin" })).toEqual({ pushed: true });
    expect(f.gitIn(bare, "for-each-ref", "--format=%(refname)")).toBe(`refs/heads/${branch}`);
    expect(remoteHead(bare)).toBe(head());
    hook(bare, "pre-receive", "exit 1"); // nothing is sent, so nobody is asked
    expect(await call("git.push", { run, workspace, remote: "origin" })).toEqual({ pushed: true });
    expect(f.userState()).toBe(before);
  });

  it("works when the worktree is gone", async () => {
    const bare = addRemote();
    await f.cleanup(workspace);
    expect(await push()).toMatchObject({ pushed: true });
    expect(remoteHead(bare)).toBe(head());
  });

  it("sends what came after", async () => {
    const bare = addRemote();
    await push();
    writeFileSync(path.join(workspace.worktree, "b.txt"), "b");
    await f.commit(workspace);
    expect(await push()).toMatchObject({ pushed: true });
    expect(remoteHead(bare)).toBe(head());
  });

  it("never forces: other commits at the remote stay, whatever the configuration says", async () => {
    const bare = addRemote();
    const other = createTempRepo({ files: { "other.txt": "x" } });
    other.git("push", "--quiet", `file://${bare}`, `HEAD:refs/heads/${branch}`);
    const theirs = remoteHead(bare);
    f.repo.git("config", "remote.origin.mirror", "true");
    f.repo.git("config", "remote.origin.push", "+refs/heads/*:refs/heads/*");
    expect(await push()).toEqual({ pushed: false, reason: expect.stringContaining("has other commits") as string, warnings: [] });
    expect(remoteHead(bare)).toBe(theirs);
    other.dispose();
  });

  it("a hook that declines is quoted", async () => {
    const bare = addRemote();
    hook(bare, "pre-receive", "echo 'Only on Mondays.' >&2; exit 1");
    const { pushed, reason } = await push();
    expect(pushed).toBe(false);
    expect(reason).toBe("origin declined it by a hook. It said: Only on Mondays.");
    expect(f.repo.git("rev-parse", branch)).toMatch(/^[0-9a-f]{40}$/);
  });

  it("a hook that talks without end is ended", async () => {
    const bare = addRemote();
    hook(bare, "pre-receive", "yes 'a long line of words that says nothing at all' >&2");
    expect(await push()).toMatchObject({ pushed: false, reason: expect.stringContaining("printed far more") as string });
  });

  it("runs no hook of the repository", async () => {
    addRemote();
    const marker = path.join(place.dir, "ran");
    hook(path.join(f.repo.dir, ".git"), "pre-push", `touch '${marker}'`);
    hook(path.join(f.repo.dir, ".git"), "reference-transaction", `touch '${marker}'`);
    expect(await push()).toMatchObject({ pushed: true });
    expect(existsSync(marker)).toBe(false);
  });

  it("a remote that the repository does not have", async () => {
    addRemote();
    expect(await push("upstream")).toMatchObject({ pushed: false, reason: expect.stringContaining('no remote "upstream". It has: origin.') as string });
  });

  it("a remote whose repository is gone", async () => {
    f.repo.git("remote", "add", "origin", `file://${place.dir}/none.git`);
    expect(await push()).toMatchObject({ pushed: false, reason: expect.stringContaining("no repository at the address") as string });
  });

  it.each(["--mirror", "-f", "a b", "../x", "ext::sh", "https://127.0.0.1/x", ""])("%j is no name of a remote", async (remote) => {
    if (remote.startsWith("-")) f.gitIn(f.repo.dir, "config", `remote.${remote}.url`, place.dir);
    expect(await failure(call("git.push", { run, workspace, remote }))).toMatchObject({ code: "INVALID_INPUT" });
  });

  it.each([
    ["ext", () => `ext::sh -c touch% ${place.dir}/ran`],
    ["http", () => "http://127.0.0.1:9/x.git"],
    ["git", () => "git://127.0.0.1:9/x.git"],
    ["a helper of its own", () => "evil::x"],
  ])("%s is not allowed, whatever the configuration says", async (name, url) => {
    f.repo.git("remote", "add", "origin", url());
    f.repo.git("config", `protocol.${name === "a helper of its own" ? "evil" : name}.allow`, "always");
    expect(await push()).toMatchObject({ pushed: false, reason: expect.stringContaining("not allowed") as string });
    expect(existsSync(path.join(place.dir, "ran"))).toBe(false);
  });

  it("a repository inside the checkout is no remote: its hooks came with it", async () => {
    f.gitIn(f.repo.dir, "init", "--quiet", "--bare", "inner.git");
    hook(path.join(f.repo.dir, "inner.git"), "pre-receive", `touch '${place.dir}/ran'`);
    for (const [index, url] of ["inner.git", `file://${f.repo.dir}/inner.git`, `${f.repo.dir}/inner.git`].entries()) {
      f.repo.git("remote", "add", `r${index}`, url);
      expect(await push(`r${index}`)).toMatchObject({ pushed: false, reason: expect.stringContaining("inside the checkout") as string });
    }
    expect(existsSync(path.join(place.dir, "ran"))).toBe(false);
  });

  it("a port that refuses is tried again, then told, without the URL's secret", async () => {
    const port = await listen(() => undefined);
    await new Promise<void>((resolve) => server?.close(() => resolve()));
    server = undefined;
    f.repo.git("remote", "add", "origin", `https://me:s3cret-token@127.0.0.1:${port}/x.git`);
    const { pushed, reason, warnings } = await push();
    expect(pushed).toBe(false);
    expect(reason).toBe("origin could not be reached.");
    expect(warnings).toHaveLength(2);
    expect(JSON.stringify([reason, warnings])).not.toContain("s3cret");
  });

  it("gets through at the second try; ssh asks no questions", async () => {
    const bare = addRemote("files");
    const log = path.join(place.dir, "log");
    const ssh = place.write(
      "ssh",
      `#!/bin/sh
echo "$@" >> '${log}'
if [ "$(wc -l < '${log}')" = 1 ]; then echo 'ssh: connect to host example.invalid port 22: Connection refused' >&2; exit 255; fi
for command; do :; done
exec sh -c "$command"
`,
    );
    chmodSync(ssh, 0o755);
    process.env["GIT_CONFIG_GLOBAL"] = place.write("gitconfig", `[core]\n\tsshCommand = ${ssh} -v\n`);
    f.repo.git("remote", "add", "origin", `ssh://git@example.invalid${bare}`);
    expect(await push()).toEqual({ pushed: true, warnings: [expect.stringContaining("could not be reached") as string] });
    expect(remoteHead(bare)).toBe(head());
    expect(readFileSync(log, "utf8")).toContain("-v -o BatchMode=yes");
  });

  it("a program of the repository's own configuration is not used for ssh", async () => {
    const own = place.write("own", `#!/bin/sh\ntouch '${place.dir}/ran'\n`);
    chmodSync(own, 0o755);
    f.repo.git("config", "core.sshCommand", own);
    f.repo.git("remote", "add", "origin", "ssh://127.0.0.1:9/x.git");
    expect(await push()).toMatchObject({ pushed: false });
    expect(existsSync(path.join(place.dir, "ran"))).toBe(false);
  });

  it("a cancel ends it while the other side says nothing", async () => {
    let connected = false;
    const port = await listen(() => (connected = true));
    // The path marks the processes for the leak check.
    f.repo.git("remote", "add", "origin", `https://127.0.0.1:${port}${place.dir}/x.git`);
    const controller = new AbortController();
    const pushing = failure(push("origin", { signal: controller.signal }));
    await waitFor(() => connected, { what: "the connection" });
    controller.abort(cancelledError("Stop it."));
    expect(await pushing).toMatchObject({ code: "CANCELLED", message: "Stop it." });
    await waitForNoProcesses(place.dir);
  });
});
