import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { HardenedGit } from "./hardenedGit.ts";
import type { OpenWorktree } from "./worktrees.ts";

/**
 * Folders from which Goose 1.52 starts programs by itself: plugin servers at `session/new`, hooks at the first prompt, in
 * every mode (reliability.md 0, fact 3). In any case, because some file systems ignore it.
 */
const programFolders: readonly (readonly [string, string])[] = [
  [".agents", "plugins"],
  [".config", "goose"],
];

/** Whether a path of the repository lies in a folder from which Goose would start programs. */
export function isProgramPath(file: string): boolean {
  const [outer = "", inner = ""] = file.toLowerCase().split("/");
  return programFolders.some(([first, second]) => outer === first && inner === second);
}

/** Whether a path has the name of one of the outer folders, in place of which a link is kept out as well. */
export function isProgramFolder(file: string): boolean {
  return programFolders.some(([outer]) => outer === file.toLowerCase());
}

/** Whether nothing but those folders was kept out when the worktree was filled: with a sparse checkout of the user's much more is. */
export async function hidesOnlyPrograms(gitDir: string): Promise<boolean> {
  const text = await readFile(path.join(gitDir, "info", "sparse-checkout"), "utf8").catch(() => "");
  const [first, ...patterns] = text.split("\n").filter((line) => line !== "");
  return first === "/*" && patterns.every((pattern) => programFolders.some(([outer]) => pattern.startsWith(`!/${anyCase(outer)}`)));
}

/**
 * Fills index and folder from the branch, without what Goose would run. Those paths get the skip-worktree bit of this
 * index: they are not on disk and not a change either. The sparse patterns count for this one command (`-c`), because
 * `git sparse-checkout` would write to the configuration of the user's repository.
 */
export async function populateWorktree({ gitDir, git }: OpenWorktree, excluded: readonly string[]): Promise<void> {
  const file = path.join(gitDir, "info", "sparse-checkout");
  // A user with a sparse checkout has the same part of the repository here: `worktree add` copied the patterns.
  const inherited = await readFile(file, "utf8").catch(() => "/*\n");
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${inherited}${excluded.join("\n")}\n`);
  await git
    .with({ config: [...(git.setup.config ?? []), "core.sparseCheckout=true", "core.sparseCheckoutCone=false"] })
    .run(["read-tree", "-m", "-u", "--no-recurse-submodules", "HEAD"]);
}

/** The sparse patterns that keep out what Goose would run from a commit. */
export async function programPatterns(git: HardenedGit, commit: string): Promise<string[]> {
  const patterns = programFolders.map((names) => `!/${names.map(anyCase).join("/")}`);
  // A link in place of the outer folder would lead to a plugin folder under another name.
  for (const entry of await git.list(["ls-tree", "-z", commit])) {
    const [meta = "", name = ""] = entry.split("\t");
    if (!meta.startsWith("120000")) continue;
    const outer = programFolders.find(([folder]) => folder === name.toLowerCase())?.[0];
    if (outer !== undefined) patterns.push(`!/${anyCase(outer)}`);
  }
  return patterns;
}

function anyCase(name: string): string {
  return name.replace(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}
