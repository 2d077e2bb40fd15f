/**
 * How the branches of tasks build on each other, from git alone: each branch that begins with the prefix, down to where its
 * commits meet the user's own history (HEAD and every branch that is no task's).
 */
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { describeChain, type ChainCommit } from "./chainGraph.ts";
import { idTrailer } from "./commitMessage.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { currentBranch, headCommit, locateRepository } from "./repository.ts";

const maxCommits = 20_000;

/** Which task branch starts from which; where two of them went different ways; which are missing. Changes nothing. */
export async function readBranchChain({ directory, prefix, expected }: HandlerInput<"git.chain">, signal: AbortSignal): Promise<HandlerOutput<"git.chain">> {
  const { git } = await locateRepository(directory, signal);
  const heads = await taskHeads(git, prefix);
  const commits = heads.size === 0 ? new Map<string, ChainCommit>() : await taskCommits(git, prefix, heads);
  return describeChain({ heads, commits }, expected);
}

async function taskHeads(git: HardenedGit, prefix: string): Promise<Map<string, string>> {
  const lines = (await git.run(["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads/"])).split("\n");
  const all = lines.flatMap((line) => {
    const [, head, branch] = /^([0-9a-f]+) refs\/heads\/(.+)$/.exec(line) ?? [];
    return head !== undefined && branch?.startsWith(prefix) === true ? [[branch, head] as const] : [];
  });
  return new Map(all);
}

async function taskCommits(git: HardenedGit, prefix: string, heads: ReadonlyMap<string, string>): Promise<Map<string, ChainCommit>> {
  const format = `%H%x00%P%x00%(trailers:key=${idTrailer},valueonly,separator=%x2C)`;
  // A user who looks at a task's branch has not made it theirs.
  const isOnTask = heads.has((await currentBranch(git)) ?? "");
  const head = isOnTask || (await headCommit(git)) === undefined ? [] : ["HEAD"];
  const users = [...head, `--exclude=${prefix}*`, "--branches"];
  const args = ["log", "--topo-order", `--max-count=${maxCommits}`, `--format=${format}`, "--stdin", "--not", ...users];
  // The heads by stdin: there may be more branches than a command line can hold.
  const output = await git.run(args, { input: `${[...new Set(heads.values())].join("\n")}\n` });
  const commits = new Map<string, ChainCommit>();
  for (const line of output.split("\n")) {
    const [id, parents, owner = ""] = line.split("\0");
    if (id === undefined || parents === undefined) continue;
    commits.set(id, { parents: parents.split(" ").filter((parent) => parent !== ""), taskId: owner.split(",").at(-1)?.split("/")[0] ?? "" });
  }
  return commits;
}
