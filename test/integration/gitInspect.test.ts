import { chownSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createTempDir, createTempRepo } from "../helpers/tempRepo.ts";
import { call, failure, isolateGit } from "../unit/worker/git/gitFixture.ts";

const inspect = (directory: string, identity = {}) => call("git.inspect", { directory, identity });

beforeEach(isolateGit);
afterEach(() => vi.unstubAllEnvs());

describe("git.inspect", () => {
  it("says where the repository is and what is checked out, from a subfolder too", async () => {
    using repo = createTempRepo({ files: { "src/a.ts": "" } });
    const found = await inspect(path.join(repo.dir, "src"));
    expect(found).toEqual({
      root: repo.dir,
      commonDir: path.join(repo.dir, ".git"),
      head: repo.git("rev-parse", "HEAD"),
      branch: "main",
      gitVersion: expect.stringMatching(/^\d+\.\d+/) as string,
    });
  });

  it("has no branch when HEAD is detached", async () => {
    using repo = createTempRepo();
    repo.git("checkout", "-q", "--detach");
    expect(await inspect(repo.dir)).not.toHaveProperty("branch");
  });

  it("finds the common directory from a worktree of the user", async () => {
    using repo = createTempRepo();
    using other = createTempDir();
    repo.git("worktree", "add", "-q", path.join(other.dir, "wt"), "-b", "side");
    expect(await inspect(path.join(other.dir, "wt"))).toMatchObject({
      root: path.join(other.dir, "wt"),
      commonDir: path.join(repo.dir, ".git"),
      branch: "side",
    });
  });

  it("knows a folder without repository, a missing folder, a bare repository, and one without commit", async () => {
    using folder = createTempDir();
    using empty = createTempRepo({ commit: false });
    using repo = createTempRepo();
    repo.git("clone", "-q", "--bare", ".", path.join(folder.dir, "bare.git"));
    mkdirSync(path.join(folder.dir, "plain"));
    expect(await failure(inspect(path.join(folder.dir, "plain")))).toMatchObject({ code: "NOT_A_REPOSITORY" });
    expect(await failure(inspect(path.join(folder.dir, "missing")))).toMatchObject({ code: "NOT_A_REPOSITORY" });
    expect(await failure(inspect(path.join(folder.dir, "bare.git")))).toMatchObject({ code: "BARE_REPOSITORY" });
    expect(await failure(inspect(empty.dir))).toMatchObject({ code: "NO_COMMIT" });
  });

  it("needs an identity, from git or from the setting", async () => {
    using repo = createTempRepo({ identity: false });
    const error = await failure(inspect(repo.dir));
    expect(error).toMatchObject({ code: "NO_IDENTITY", message: expect.stringContaining("taskMaster.git.author") as string });
    expect(await failure(inspect(repo.dir, { name: "Only Name" }))).toMatchObject({ code: "NO_IDENTITY" });
    await expect(inspect(repo.dir, { name: "Set", email: "set@example.invalid" })).resolves.toBeDefined();
    using home = createTempDir();
    home.write(".gitconfig", "[user]\n\tname = Home\n\temail = home@example.invalid\n");
    vi.stubEnv("GIT_CONFIG_GLOBAL", undefined);
    vi.stubEnv("HOME", home.dir);
    await expect(inspect(repo.dir)).resolves.toBeDefined();
  });

  it.runIf(process.getuid?.() === 0)("tells how to trust a repository of another user", async () => {
    using repo = createTempRepo();
    chownSync(repo.dir, 12_345, 12_345);
    chownSync(path.join(repo.dir, ".git"), 12_345, 12_345);
    expect(await failure(inspect(repo.dir))).toMatchObject({ code: "GIT_UNSAFE", message: expect.stringContaining("safe.directory") as string });
  });

  it("says so when git is not installed, and never takes one from a relative PATH entry", async () => {
    using repo = createTempRepo();
    symlinkSync("/bin/true", path.join(repo.dir, "git"));
    vi.stubEnv("PATH", [".", "", "/nonexistent"].join(path.delimiter));
    expect(await failure(inspect(repo.dir))).toMatchObject({ code: "GIT_NOT_FOUND" });
  });

  it("rejects an input that does not fit", async () => {
    expect(await failure(call("git.inspect", { directory: "", identity: {} }))).toMatchObject({ code: "INVALID_INPUT" });
  });

  it("ends with the reason of the signal", async () => {
    using repo = createTempRepo();
    const { cancelledError } = await import("../../src/model/errors.ts");
    const reason = cancelledError("test");
    expect(await failure(call("git.inspect", { directory: repo.dir, identity: {} }, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
