import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { call, failure, GitFixture, isolateGit } from "../unit/worker/git/gitFixture.ts";
import type { Workspace } from "../unit/worker/git/gitFixture.ts";

beforeEach(isolateGit);

const hooks = [
  "pre-commit",
  "prepare-commit-msg",
  "commit-msg",
  "post-commit",
  "post-checkout",
  "post-index-change",
  "reference-transaction",
  "post-merge",
  "pre-auto-gc",
  "fsmonitor-watchman",
  "sendemail-validate",
  "post-rewrite",
];

/** A repository whose traps leave a marker file when they run. */
class TrapFixture extends GitFixture {
  /** What ran, by name. */
  markers(): string[] {
    return readdirSync(this.root.dir).filter((name) => name.startsWith("ran-"));
  }
  trap(name: string): string {
    return `touch ${path.join(this.root.dir, `ran-${name}`)}`;
  }
  plantHooks(folder: string): void {
    mkdirSync(folder, { recursive: true });
    for (const hook of hooks) writeFileSync(path.join(folder, hook), `#!/bin/sh\n${this.trap(hook)}\n`, { mode: 0o755 });
  }
}

async function wholeCycle(f: GitFixture, during: (workspace: Workspace) => void = () => undefined): Promise<string[]> {
  await call("git.inspect", { directory: f.repo.dir, identity: {} });
  const workspace = await f.prepare();
  writeFileSync(path.join(workspace.worktree, "a.txt"), "work");
  during(workspace);
  await call("git.changes", { workspace });
  const { files } = await f.commit(workspace);
  writeFileSync(path.join(workspace.worktree, "b.txt"), "more");
  await f.prepare({ continues: workspace });
  await f.cleanup(workspace);
  return [...files];
}

describe("a hostile repository", () => {
  it("runs nothing from hooks and harmful settings", async () => {
    using f = new TrapFixture();
    f.plantHooks(path.join(f.repo.dir, ".git/hooks"));
    f.plantHooks(path.join(f.repo.dir, ".husky"));
    f.repo.git("-c", "core.hooksPath=/dev/null", "add", "-A");
    f.repo.git("-c", "core.hooksPath=/dev/null", "commit", "-qm", "husky");
    const settings = [
      "core.fsmonitor",
      "core.pager",
      "core.editor",
      "core.sshCommand",
      "core.askPass",
      "gpg.program",
      "diff.external",
      "credential.helper",
      "remote.origin.uploadpack",
      "core.alternateRefsCommand",
      "alias.status",
      "diff.x.textconv",
    ];
    for (const key of settings) f.repo.git("config", key, `${f.trap(key)};:`);
    for (const [key, value] of [
      ["core.hooksPath", ".husky"],
      ["commit.gpgSign", "true"],
      ["protocol.ext.allow", "always"],
      ["submodule.recurse", "true"],
      ["gc.auto", "1"],
    ] as const)
      f.repo.git("config", key, value);
    f.repo.write(".git/info/attributes", "* diff=x\n");
    for (const name of f.markers()) rmSync(path.join(f.root.dir, name));
    expect(await wholeCycle(f)).toEqual(["a.txt"]);
    expect(f.markers()).toEqual([]);
    // The traps are real: plain git runs them.
    f.gitIn(f.repo.dir, "status");
    expect(f.markers()).not.toEqual([]);
  });

  it.each(["filter.x.clean", "filter.x.smudge", "filter.x.process", "merge.x.driver", "filter.lfs.clean"])(
    "refuses %s in its configuration, and names it",
    async (key) => {
      using f = new TrapFixture({ files: { ".gitattributes": "* filter=x merge=x\n", data: "1" } });
      f.repo.git("config", key, f.trap(key));
      expect(await failure(f.prepare())).toMatchObject({ code: "GIT_UNSAFE", message: expect.stringContaining(key) as string });
      expect(await failure(call("git.inspect", { directory: f.repo.dir, identity: {} }))).toMatchObject({ code: "GIT_UNSAFE" });
      expect([f.markers(), f.branches()]).toEqual([[], ["main"]]);
    },
  );

  it("finds a filter behind an include, and one that the agent adds while it works; its work is saved unfiltered", async () => {
    using f = new TrapFixture({ files: { ".gitattributes": "* filter=x\n" } });
    const workspace = await f.prepare();
    f.root.write("evil", `[filter "x"]\n\tclean = ${f.trap("clean")}\n\tprocess = ${f.trap("process")}\n\trequired = true\n`);
    f.repo.git("config", `includeIf.gitdir:${f.repo.dir}/.git/worktrees/.path`, path.join(f.root.dir, "evil"));
    writeFileSync(path.join(workspace.worktree, "a.txt"), "work");
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_UNSAFE", message: expect.stringContaining("filter.x.clean") as string });
    expect(await failure(call("git.changes", { workspace }))).toMatchObject({ code: "GIT_UNSAFE" });
    expect(await f.cleanup(workspace)).toEqual({ savedAs: "tm/1" });
    expect(f.repo.git("show", "tm/1:a.txt")).toBe("work");
    expect(f.markers()).toEqual([]);
  });

  it("leaves git-lfs and the filters of the user alone", async () => {
    using f = new TrapFixture({ files: { ".gitattributes": "*.txt filter=mine\n" } });
    f.repo.git("config", "filter.lfs.clean", "git-lfs clean -- %f");
    f.repo.git("config", "filter.lfs.process", "git-lfs filter-process");
    process.env["GIT_CONFIG_GLOBAL"] = f.root.write("gitconfig", '[filter "mine"]\n\tclean = tr a-z A-Z\n');
    const workspace = await f.prepare();
    writeFileSync(path.join(workspace.worktree, "a.txt"), "work");
    await f.commit(workspace);
    expect(f.repo.git("show", "tm/1:a.txt")).toBe("WORK");
  });

  it("never puts on disk what Goose would run, and does not commit its absence", async () => {
    using f = new TrapFixture({
      files: {
        ".agents/plugins/p/.mcp.json": "{}",
        ".agents/plugins/p/hooks/hooks.json": "{}",
        ".agents/notes.md": "",
        ".config/goose/config.yaml": "",
        ".Agents/PLUGINS/q/.mcp.json": "",
        "AGENTS.md": "",
        "sub/.agents/plugins/r": "",
      },
    });
    const odd = Buffer.concat([Buffer.from(`${f.repo.dir}/.agents/plugins/`), Buffer.from([0xff, 0x0a, 0x2a])]);
    writeFileSync(odd, "x");
    f.repo.git("add", "-A");
    f.repo.git("commit", "-qm", "odd name");
    const workspace = await f.prepare();
    expect(readdirSync(path.join(workspace.worktree, ".agents"))).toEqual(["notes.md"]);
    for (const hidden of [".config", ".Agents"]) expect(existsSync(path.join(workspace.worktree, hidden))).toBe(false);
    expect(f.gitIn(workspace.worktree, "status", "--porcelain")).toBe("");
    f.gitIn(workspace.worktree, "reset", "-q", "--hard");
    expect(existsSync(path.join(workspace.worktree, ".agents/plugins"))).toBe(false);
    writeFileSync(path.join(workspace.worktree, "a.txt"), "work");
    expect((await f.commit(workspace)).files).toEqual(["a.txt"]);
    expect(f.repo.git("ls-tree", "-r", "--name-only", "tm/1", ".agents", ".config")).toContain(".agents/plugins/p/.mcp.json");
    await f.cleanup(workspace);
    const again = await f.prepare({ ownBranch: "tm/1" });
    expect(existsSync(path.join(again.worktree, ".agents/plugins"))).toBe(false);
  });

  it("sees through links to plugin folders", async () => {
    using f = new TrapFixture({ files: { "x/plugins/p/.mcp.json": "{}", "y/p/.mcp.json": "{}", ".config/z": "" } });
    symlinkSync("x", path.join(f.repo.dir, ".agents"));
    symlinkSync("../y", path.join(f.repo.dir, ".config/goose"));
    f.repo.git("add", "-A");
    f.repo.git("commit", "-qm", "links");
    const { worktree } = await f.prepare();
    expect(readdirSync(worktree).sort()).toEqual([".config", ".git", "x", "y"]);
    expect(readdirSync(path.join(worktree, ".config"))).toEqual(["z"]);
  });

  it.each(["file", "folder", "link", "nothing"])("commits to the right repository when the agent rewrites .git (%s)", async (kind) => {
    using f = new TrapFixture();
    using evil = new TrapFixture();
    evil.plantHooks(path.join(evil.repo.dir, ".git/hooks"));
    evil.repo.git("config", "filter.x.clean", f.trap("clean"));
    const evilBefore = evil.userState();
    const files = await wholeCycle(f, (workspace) => {
      const pointer = path.join(workspace.worktree, ".git");
      rmSync(pointer);
      if (kind === "file") writeFileSync(pointer, `gitdir: ${evil.repo.dir}/.git\n`);
      if (kind === "link") symlinkSync(path.join(evil.repo.dir, ".git"), pointer);
      if (kind === "folder") f.gitIn(workspace.worktree, "init", "-q");
      writeFileSync(path.join(workspace.worktree, ".gitattributes"), "* filter=x\n");
    });
    expect(files).toEqual([".gitattributes", "a.txt"]);
    expect(evil.userState()).toBe(evilBefore);
    expect([f.markers(), f.registrations(), f.branches()]).toEqual([[], [], ["main", "tm/1"]]);
  });

  it("notices when the git directory of the worktree was led elsewhere", async () => {
    using f = new TrapFixture();
    using evil = new TrapFixture();
    const workspace = await f.prepare();
    writeFileSync(path.join(f.repo.dir, ".git/worktrees/task0001-1/commondir"), `${evil.repo.dir}/.git\n`);
    expect(await failure(f.commit(workspace))).toMatchObject({ code: "GIT_UNSAFE" });
  });

  it("does not run git inside repositories and submodules that the agent made", async () => {
    using f = new TrapFixture();
    const workspace = await f.prepare();
    const plant = (folder: string): void => {
      f.gitIn(workspace.worktree, "init", "-q", folder);
      const inner = path.join(workspace.worktree, folder);
      writeFileSync(path.join(inner, ".gitattributes"), "* filter=x\n");
      writeFileSync(path.join(inner, "data"), "first");
      f.gitIn(inner, "add", "-A");
      f.gitIn(inner, "commit", "-qm", "inner");
      f.gitIn(inner, "config", "filter.x.clean", `${f.trap(folder)}; cat`);
      f.gitIn(inner, "config", "core.fsmonitor", f.trap(`${folder}-fsmonitor`));
      writeFileSync(path.join(inner, "data"), "other");
    };
    plant("link");
    f.gitIn(workspace.worktree, "-c", "core.hooksPath=/dev/null", "add", "link");
    f.gitIn(workspace.worktree, "commit", "-qm", "a link");
    for (const name of f.markers()) rmSync(path.join(f.root.dir, name));
    plant("inner");
    for (const name of f.markers()) rmSync(path.join(f.root.dir, name));
    await call("git.changes", { workspace });
    const { files } = await f.commit(workspace);
    await f.cleanup(workspace);
    expect(files).toEqual(["inner/.gitattributes", "inner/data", "link"]);
    expect(f.markers()).toEqual([]);
  });
});
