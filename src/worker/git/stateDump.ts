import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { repositoryOverrides } from "./configSafety.ts";
import { redactUrl } from "./gitErrors.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { currentBranch, headCommit, locateRepository } from "./repository.ts";
import { together } from "./together.ts";

/** So many lines of each list are in a report. */
const maxLines = 500;

/**
 * The repository's state for a bug report: HEAD, branches, what is kept of unfinished tasks, worktrees, status, remotes. Names and
 * commits only, no contents; what a remote's URL says of who logs in is cut out. Changes nothing and runs nothing of the repository's.
 */
export async function dumpState({ directory, label }: HandlerInput<"git.dump">, signal: AbortSignal): Promise<HandlerOutput<"git.dump">> {
  const located = await locateRepository(directory, signal);
  const git = located.git.with({ config: await repositoryOverrides(located.git, "neutralise") });
  const refs = (pattern: string): Promise<string[]> => lines(git, ["for-each-ref", "--format=%(objectname:short) %(refname)", pattern]);
  const [version, head, branch, branches, kept, worktrees, status, remotes] = await together([
    git.line(["version"]),
    headCommit(git),
    currentBranch(git),
    refs("refs/heads/"),
    refs("refs/task-master/"),
    lines(git, ["worktree", "list", "--porcelain"]),
    lines(git, ["status", "--porcelain", "--untracked-files=normal", "--ignore-submodules=all"]),
    lines(git, ["remote", "--verbose"]),
  ]);
  return {
    label: label.replace(/\p{Cc}+/gu, " "),
    gitVersion: version.replace(/^git version /, ""),
    root: located.root,
    ...(head === undefined ? {} : { head }),
    ...(branch === undefined ? {} : { branch }),
    branches,
    kept,
    worktrees: worktrees.filter((line) => line !== ""),
    status,
    remotes: remotes.map(redactRemote),
  };
}

async function lines(git: HardenedGit, args: readonly string[]): Promise<string[]> {
  const all = (await git.run(args)).replace(/\n$/, "").split("\n");
  if (all.length === 1 && all[0] === "") return [];
  return all.length <= maxLines ? all : [...all.slice(0, maxLines), `... ${all.length - maxLines} more`];
}

/** "name<tab>url (fetch)", the URL being anything. */
function redactRemote(line: string): string {
  const [, name = "", url = "", use = ""] = /^([^\t]*)\t(.*?)( \((?:fetch|push)\).*)?$/s.exec(line) ?? [];
  return `${name} ${redactUrl(url)}${use.slice(0, 8)}`;
}
