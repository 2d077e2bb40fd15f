import path from "node:path";
import type { Repository } from "./repository.ts";
import { exists } from "./worktrees.ts";

/** What git has in the directory of a checkout while something is under way that the user has to finish. */
const signs: readonly (readonly [string, string])[] = [
  ["rebase-merge", "rebase"],
  ["rebase-apply", "rebase"],
  ["MERGE_HEAD", "merge"],
  ["CHERRY_PICK_HEAD", "cherry-pick"],
  ["REVERT_HEAD", "revert"],
  ["BISECT_LOG", "bisect"],
];

/** What is under way in the user's checkout, by git's own name; undefined when nothing is. */
export async function underWay({ gitDir }: Pick<Repository, "gitDir">): Promise<string | undefined> {
  const found = await Promise.all(signs.map(([file]) => exists(path.join(gitDir, file))));
  return signs.find((_sign, index) => found[index] === true)?.[1];
}
