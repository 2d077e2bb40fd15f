import { TaskMasterError } from "../../model/errors.ts";
import { gitProgram } from "./gitEnvironment.ts";
import { HardenedGit } from "./hardenedGit.ts";

// `rev-parse --path-format` came with it.
const oldestGit: readonly [number, number] = [2, 31];

/** Of the git that answered last in this thread; asked again when another program is in its place. */
let lastAnswer: { readonly program: string; readonly version: string } | undefined;

/** Git's version. @throws GIT_NOT_FOUND when git is missing, too old, or something else */
export async function checkVersion(directory: string, signal: AbortSignal): Promise<string> {
  const program = await gitProgram(process.env);
  if (lastAnswer?.program === program) return lastAnswer.version;
  const words = await new HardenedGit({ cwd: directory, signal }).line(["version"]);
  const version = supportedVersion(words);
  lastAnswer = { program, version };
  return version;
}

function supportedVersion(words: string): string {
  const found = /(\d+)\.(\d+)(\.\d+)*/.exec(words);
  if (found === null)
    throw new TaskMasterError("GIT_NOT_FOUND", "The program that is called git on this computer is not Git. Install Git and put it first on the PATH.", {
      details: words,
    });
  const [version, major, minor] = [found[0], Number(found[1]), Number(found[2])];
  if (major > oldestGit[0] || (major === oldestGit[0] && minor >= oldestGit[1])) return version;
  throw new TaskMasterError("GIT_NOT_FOUND", `Git ${version} is too old: install Git ${oldestGit.join(".")} or newer.`);
}
