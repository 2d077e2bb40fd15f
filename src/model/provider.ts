/** A provider and a model that Task Master gives to Goose, instead of what the user's own Goose is configured with. */
export interface ProviderChoice {
  /** As Goose names it: "openai", "anthropic", ... */
  readonly id: string;
  readonly model: string;
  /** What the provider needs besides secrets, by Goose's names: `OPENAI_HOST`, ... */
  readonly config: Readonly<Record<string, string>>;
}

/** Secrets of a provider by Goose's names (`OPENAI_API_KEY`). In memory and in VS Code's secret storage only: never in the queue, a log or a file that stays. */
export type ProviderSecrets = Readonly<Record<string, string>>;

/** A provider that Goose knows, as far as setting it up needs it. */
export interface KnownProvider {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly defaultModel?: string;
  readonly models: readonly string[];
  readonly keys: readonly ProviderKey[];
}

/** A value that a provider can be given. */
export interface ProviderKey {
  readonly name: string;
  /** It cannot do without, or is what people set first. */
  readonly isMain: boolean;
  readonly isSecret: boolean;
  readonly default?: string;
}

/** How providers and models may be named; what fits goes into Goose's environment. */
export const modelNamePattern = /^[A-Za-z0-9][\w.:/@+-]{0,199}$/;

/** How the values of a provider may be named. */
export const providerKeyPattern = /^[A-Z][A-Z0-9_]{0,99}$/;

/** Longest value of a provider's key (characters). */
export const maxProviderValue = 8_192;

/** Secrets as they are stored; what somebody else wrote there counts as nothing. */
export function parseSecrets(text: string | undefined): ProviderSecrets {
  try {
    const value: unknown = JSON.parse(text ?? "{}");
    if (typeof value !== "object" || value === null) return {};
    return Object.fromEntries(Object.entries(value).filter((entry): entry is [string, string] => isSecretEntry(entry)));
  } catch {
    return {};
  }
}

function isSecretEntry([name, value]: readonly [string, unknown]): boolean {
  return providerKeyPattern.test(name) && typeof value === "string" && value.length <= maxProviderValue;
}
