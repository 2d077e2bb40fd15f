import { TaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { HardenedGit } from "./hardenedGit.ts";
import { currentBranch, headCommit, noCommitError, openRepository } from "./repository.ts";
import { together } from "./together.ts";

// `rev-parse --path-format` came with it.
const oldestGit: readonly [number, number] = [2, 31];

/**
 * Where the repository is and what is checked out.
 * @throws GIT_NOT_FOUND, NOT_A_REPOSITORY, BARE_REPOSITORY, GIT_UNSAFE, NO_COMMIT, NO_IDENTITY
 */
export async function inspectRepository(input: HandlerInput<"git.inspect">, signal: AbortSignal): Promise<HandlerOutput<"git.inspect">> {
  const gitVersion = await checkVersion(input.directory, signal);
  const { root, commonDir, git } = await openRepository(input.directory, signal);
  const [head, branch] = await together([headCommit(git), currentBranch(git)]);
  if (head === undefined) throw noCommitError();
  await checkIdentity(git.with({ identity: input.identity }));
  return { root, commonDir, head, gitVersion, ...(branch === undefined ? {} : { branch }) };
}

/** @throws NO_IDENTITY when neither git's configuration nor the setup names author and committer. */
export async function checkIdentity(git: HardenedGit): Promise<void> {
  await together([git.run(["var", "GIT_AUTHOR_IDENT"]), git.run(["var", "GIT_COMMITTER_IDENT"])]);
}

async function checkVersion(directory: string, signal: AbortSignal): Promise<string> {
  const words = await new HardenedGit({ cwd: directory, signal }).line(["version"]);
  const found = /(\d+)\.(\d+)(\.\d+)*/.exec(words);
  if (found === null)
    throw new TaskMasterError("GIT_NOT_FOUND", "The program that is called git on this computer is not Git. Install Git and put it first on the PATH.", {
      details: words,
    });
  const [version, major, minor] = [found[0], Number(found[1]), Number(found[2])];
  if (major > oldestGit[0] || (major === oldestGit[0] && minor >= oldestGit[1])) return version;
  throw new TaskMasterError("GIT_NOT_FOUND", `Git ${version} is too old: install Git ${oldestGit.join(".")} or newer.`);
}
