import { join } from "node:path";
import type { ProviderSecrets } from "../model/provider.ts";
import type { EngineSettings } from "../model/settings.ts";
import type { GooseLocation, ManagedGoose } from "../protocol/handlers.ts";

/** From where it is known which Goose works, and with which provider. */
export interface GooseSource {
  readonly settings: () => Pick<EngineSettings, "goosePath" | "provider">;
  /** Secrets of a provider that was chosen here, by Goose's names; none where there is no place for secrets. */
  readonly providerSecrets?: (providerId: string) => ProviderSecrets;
  /** The sessions of a Goose whose provider was chosen here lie in it, in `goose`. */
  readonly stateDirectory: string;
}

/** Which Goose a handler shall start: as the user configured it, or with the provider of the settings and nothing of the user's own. */
export function gooseChoice({ settings, providerSecrets, stateDirectory }: GooseSource): { readonly goose: GooseLocation; readonly managed?: ManagedGoose } {
  const { goosePath, provider } = settings();
  const goose = goosePath ? { path: goosePath } : {};
  if (provider === undefined) return { goose };
  const { id, model, config } = provider;
  return { goose, managed: { dataDirectory: join(stateDirectory, "goose"), provider: id, model, config, secrets: { ...providerSecrets?.(id) } } };
}
