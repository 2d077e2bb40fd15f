/** Variables of an environment that hold secrets, told by their names. */
type Environment = Readonly<Record<string, string | undefined>>;

/** Shorter values are found everywhere by chance: they are not hidden. */
export const minSecretLength = 8;

const secretName = /KEY|TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH|_PAT$/i;

/** Names that only look like those of secrets: what they hold says where something is, or who somebody is. */
const noSecret = /AUTHOR|_(SOCK|FILE|PATH|DIR|HOME|NAME|EMAIL)$/i;

/** Whether a variable may hold a secret, by its name: better one too many, so what has it may be withheld. */
export function mayBeSecret(name: string): boolean {
  return secretName.test(name);
}

/** The values of an environment that are secrets, to be hidden wherever they turn up. */
export function secretsIn(environment: Environment): readonly string[] {
  return Object.entries(environment).flatMap(([name, value]) => (value !== undefined && mayBeSecret(name) && !noSecret.test(name) ? [value] : []));
}
