import { copyFile, rm } from "node:fs/promises";
import path from "node:path";
import { TaskMasterError } from "../../model/errors.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { linksInIndex, sortOutNested, unwrapScaffold } from "./nestedRepositories.ts";
import { revealHidden } from "./revealHidden.ts";
import { together } from "./together.ts";
import type { OpenWorktree } from "./worktrees.ts";

/** The worktree's files as a tree object. */
export interface Snapshot {
  readonly tree: string;
  /** Cloned repositories inside the worktree, which no commit can hold. */
  readonly leftOut: readonly string[];
  /** Folders of submodules that are not checked out, with files that the tree does not have. */
  readonly filled: readonly string[];
}

const maxRounds = 20;

/** Stages everything that is not ignored and writes it as a tree. No hook, no merge, no editor takes part. */
export async function takeSnapshot(worktree: OpenWorktree): Promise<Snapshot> {
  const config = [
    ...(worktree.git.setup.config ?? []),
    // Files outside the sparse patterns are part of the work as well; hidden ones keep their bit in the index.
    "core.sparseCheckout=false",
    // Mixed line ends are a matter for review, not a reason to lose the work.
    "core.safecrlf=false",
  ];
  const git = worktree.git.with({ config });
  await revealHidden(worktree);
  const inPlaceOfFiles = new Set<string>();
  for (let round = 0; round < maxRounds; round++) {
    const { leftOut, filled, submodules, links } = await sortOutNested(worktree);
    const excluded = [...leftOut, ...filled, ...submodules, ...inPlaceOfFiles].map((folder) => `:(exclude,top,literal)${folder}`);
    await git.run(["add", "--all", "--", ".", ...excluded]);
    if (submodules.length > 0) await git.run(["update-index", "-z", "--stdin"], { input: `${submodules.join("\0")}\0` });
    const [tree, added] = await together([git.line(["write-tree"]), addedLinks(git, links)]);
    if (added.length === 0) return { tree, leftOut: [...leftOut, ...inPlaceOfFiles], filled };
    for (const folder of added) if (!(await unwrapScaffold(worktree.path, folder))) inPlaceOfFiles.add(folder);
    await dropFromIndex(git, added);
  }
  throw new TaskMasterError("GIT_FAILED", "The worktree holds repositories within repositories that cannot be told apart. Retry begins anew.");
}

/**
 * The same with the files in the given folders of submodules in place of the links; undefined when there is none that git does not
 * ignore. For keeping what no commit of the task can hold: it is made in another index, as such a tree must not become the work.
 */
export async function takeFilledSnapshot(worktree: OpenWorktree, filled: readonly string[]): Promise<string | undefined> {
  const index = path.join(worktree.gitDir, "task-master-index");
  await copyFile(path.join(worktree.gitDir, "index"), index);
  try {
    const git = worktree.git.with({ environment: { ...worktree.git.setup.environment, GIT_INDEX_FILE: index } });
    await git.run(["update-index", "--force-remove", "-z", "--stdin"], { input: `${filled.join("\0")}\0` });
    const { tree } = await takeSnapshot({ ...worktree, git });
    return (await git.list(["ls-tree", "-z", tree, "--", ...filled])).length === 0 ? undefined : tree;
  } finally {
    await rm(index, { force: true });
  }
}

/** A repository in place of a tracked file is no new folder to git: it is staged as a link, without its files. */
async function addedLinks(git: HardenedGit, known: readonly string[]): Promise<readonly string[]> {
  return (await linksInIndex(git)).filter((folder) => !known.includes(folder));
}

/** The index has for these paths what the last commit has; without one, nothing. */
async function dropFromIndex(git: HardenedGit, paths: readonly string[]): Promise<void> {
  const { exitCode } = await git.ask(["reset", "--quiet", "HEAD", "--", ...paths.map((file) => `:(top,literal)${file}`)], { accept: [0, 1, 128] });
  if (exitCode !== 0) await git.run(["update-index", "--force-remove", "-z", "--stdin"], { input: `${paths.join("\0")}\0` });
}

/** Makes a commit object; no ref moves. */
export async function commitTree({ git }: OpenWorktree, tree: string, commit: { readonly parent: string; readonly message: string }): Promise<string> {
  return git.line(["commit-tree", tree, "-p", commit.parent, "-F", "-"], { input: commit.message });
}

/** Puts a commit on a branch that is still where we saw it; refuses when anybody moved or deleted it meanwhile. */
export async function advanceBranch({ git }: OpenWorktree, branch: string, move: { readonly from: string; readonly to: string }): Promise<void> {
  await git.run(["update-ref", "-m", "task-master: commit", `refs/heads/${branch}`, move.to, move.from]);
}
