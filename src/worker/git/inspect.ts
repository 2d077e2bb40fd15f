import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { checkVersion } from "./gitVersion.ts";
import { checkIdentity } from "./identity.ts";
import { noCommitError, openRepository } from "./repository.ts";
import type { OpenRepository } from "./repository.ts";
import { together } from "./together.ts";

type InspectInput = HandlerInput<"git.inspect">;

/** A repository in which work can start. */
interface ReadyRepository extends OpenRepository {
  readonly head: string;
  readonly gitVersion: string;
}

/**
 * Where the repository is and what is checked out.
 * @throws GIT_NOT_FOUND, NOT_A_REPOSITORY, BARE_REPOSITORY, GIT_UNSAFE, NO_COMMIT, NO_IDENTITY
 */
export async function inspectRepository(input: InspectInput, signal: AbortSignal): Promise<HandlerOutput<"git.inspect">> {
  const { root, commonDir, head, branch, gitVersion } = await openForWork(input, signal);
  return { root, commonDir, head, gitVersion, ...(branch === undefined ? {} : { branch }) };
}

/** Opens a repository and makes sure that work can start there. @throws as inspectRepository */
export async function openForWork({ directory, identity }: InspectInput, signal: AbortSignal): Promise<ReadyRepository> {
  const [gitVersion, repository] = await together([checkVersion(directory, signal), openRepository(directory, signal)]);
  const { head, git, config } = repository;
  if (head === undefined) throw noCommitError();
  await checkIdentity(git.with({ identity }), config);
  return { ...repository, head, gitVersion };
}
