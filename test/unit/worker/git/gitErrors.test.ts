import { describe, expect, it } from "vitest";
import { contendedLock, explainFailure, GitCommandFailure, isLockContention } from "../../../../src/worker/git/gitErrors.ts";

const explain = (stderr: string) => explainFailure(new GitCommandFailure(128, stderr), "add", "/repo");

describe("explainFailure", () => {
  it.each([
    ["fatal: detected dubious ownership in repository at '/repo'", "GIT_UNSAFE"],
    ["fatal: not a git repository (or any of the parent directories): .git", "NOT_A_REPOSITORY"],
    ["fatal: cannot use bare repository '/repo' (safe.bareRepository is 'explicit')", "BARE_REPOSITORY"],
    ["Author identity unknown\n\n*** Please tell me who you are.", "NO_IDENTITY"],
    ["xcrun: error: invalid active developer path", "GIT_NOT_FOUND"],
    ["error: unable to write file: No space left on device", "DISK_FULL"],
    ["fatal: could not create leading directories of '/w/x/.git': Read-only file system", "NO_FOLDER"],
    ["fatal: could not create leading directories of '/w/x/.git': Permission denied", "NO_FOLDER"],
    ["fatal: could not create leading directories of '/w/x/.git': No space left on device", "DISK_FULL"],
    ["fatal: Unable to create '/r/.git/index.lock': Read-only file system", "NO_FOLDER"],
    ["fatal: Unable to create '/r/.git/index.lock': File exists.", "GIT_FAILED"],
    ["", "GIT_FAILED"],
  ])("%j is %s", (stderr, code) => {
    expect(explain(stderr).code).toBe(code);
  });

  it("names the first reason, keeps the tail as details, hides credentials", () => {
    const error = explain(`hint: x\n${"y\n".repeat(9000)}fatal: could not read https://me:token@host/x`);
    expect(error.message).toBe("git add failed: could not read https://***@host/x");
    expect(error.details?.length).toBeLessThanOrEqual(4096);
    expect(error.details).not.toContain("token");
  });
});

describe("isLockContention", () => {
  it("is for locks only, not for a ref that moved", () => {
    const lock = new GitCommandFailure(128, "fatal: Unable to create '/r/.git/index.lock': File exists.");
    expect([isLockContention(lock), contendedLock(lock)]).toEqual([true, "/r/.git/index.lock"]);
    expect(isLockContention(new GitCommandFailure(128, "fatal: cannot lock ref 'refs/heads/x': is at 1 but expected 2"))).toBe(false);
    expect(isLockContention(new Error("Unable to create 'x.lock': File exists"))).toBe(false);
  });
});
