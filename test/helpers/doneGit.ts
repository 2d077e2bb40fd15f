import type { GitOperations } from "../../src/engine/ports.ts";

/** A git of which every verb goes well at once. */
export const doneGit: GitOperations = {
  isClean: () => Promise.resolve(true),
  branch: () => Promise.resolve({ repository: "/repository", worktree: "/worktree", branch: "tm/x", baseSha: "base", startSha: "base" }),
  changes: () => Promise.resolve(["a.txt"]),
  push: () => Promise.resolve({ pushed: false }),
  commitAndPush: () => Promise.resolve({ commits: ["c0ffee"], files: ["a.txt"] }),
  cleanup: () => Promise.resolve({}),
};
