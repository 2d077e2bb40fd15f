import path from "node:path";
import { hidesOnlyPrograms, isProgramFolder, isProgramPath } from "./populate.ts";
import { exists, type OpenWorktree } from "./worktrees.ts";

/**
 * Takes the marks from the index by which git was told not to look at a file (assume-unchanged, skip-worktree): the acceptance
 * commands see what was changed behind them, so the commit has to. Of the second kind ours stay (populate.ts), and in a sparse
 * checkout all for which there is no file.
 */
export async function revealHidden({ path: worktree, gitDir, git }: OpenWorktree): Promise<void> {
  const listed = await git.list(["ls-files", "-v", "-z"]);
  // A name that is no UTF-8 cannot be given back to git.
  const marked = (tag: RegExp): string[] => listed.filter((entry) => tag.test(entry) && !entry.includes("\uFFFD")).map((entry) => entry.slice(2));
  const [unchanged, skipped] = [marked(/^[a-z] /), marked(/^s /i)];
  if (unchanged.length > 0) await unmark(git, "--no-assume-unchanged", unchanged);
  if (skipped.length === 0 || (await isSparse(git))) return;
  const isWhole = await hidesOnlyPrograms(gitDir);
  const isThere = await Promise.all(skipped.map((file) => exists(path.join(worktree, file))));
  const foreign = skipped.filter((file, index) => !isProgramPath(file) && (isThere[index] === true || (isWhole && !isProgramFolder(file))));
  if (foreign.length > 0) await unmark(git, "--no-skip-worktree", foreign);
}

/** Then git itself takes the marks from files that are there. */
async function isSparse(git: OpenWorktree["git"]): Promise<boolean> {
  const { stdout } = await git.ask(["config", "--type=bool", "--get", "core.sparseCheckout"], { accept: [0, 1] });
  return stdout.trim() === "true";
}

async function unmark(git: OpenWorktree["git"], how: string, paths: readonly string[]): Promise<void> {
  await git.run(["update-index", how, "-z", "--stdin"], { input: `${paths.join("\0")}\0` });
}
