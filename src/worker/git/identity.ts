import type { ConfigEntry } from "./configSafety.ts";
import { gitEnvironment } from "./gitEnvironment.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { together } from "./together.ts";

/**
 * @param config The configuration that applies, where it was read anyway: git is asked only about what that leaves open.
 * @throws NO_IDENTITY when neither git's configuration nor the setup names author and committer.
 */
export async function checkIdentity(git: HardenedGit, config: readonly ConfigEntry[] = []): Promise<void> {
  const environment = gitEnvironment(process.env, git.setup.identity);
  const values = new Map(config.map(({ key, value }) => [key, value]));
  const named = (role: string, field: string): string | undefined =>
    environment[`GIT_${role}_${field}`.toUpperCase()] ?? (values.get(`${role}.${field}`) || values.get(`user.${field}`));
  const isNamed = ["author", "committer"].every((role) => ["name", "email"].every((field) => isPlain(named(role, field))));
  if (!isNamed) await together([git.run(["var", "GIT_AUTHOR_IDENT"]), git.run(["var", "GIT_COMMITTER_IDENT"])]);
}

/** Git refuses names that are empty or only punctuation; something to read is left of any other. */
function isPlain(value: string | undefined): boolean {
  return value !== undefined && /[A-Za-z0-9]/.test(value);
}
