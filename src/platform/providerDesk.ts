import { ConfigurationTarget, workspace, type SecretStorage } from "vscode";
import type { Disposable } from "../base/event.ts";
import { parseSecrets, type ProviderChoice, type ProviderSecrets } from "../model/provider.ts";

const prefix = "taskMaster.provider.";
const none: ProviderSecrets = {};

/** Where the choice of a provider is kept: the choice in the user's settings, its secrets in VS Code's secret storage, and in memory for those that cannot wait. */
export class ProviderDesk implements Disposable {
  readonly #storage: SecretStorage;
  readonly #known = new Map<string, ProviderSecrets>();
  readonly #subscriptions: readonly Disposable[];
  readonly current: () => ProviderChoice | undefined;

  /** `current` reads the choice from the settings. */
  constructor(storage: SecretStorage, current: () => ProviderChoice | undefined) {
    this.#storage = storage;
    this.current = current;
    this.#subscriptions = [
      storage.onDidChange(({ key }) => {
        if (key.startsWith(prefix)) void this.#read(key.slice(prefix.length));
      }),
      workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration("taskMaster.goose.provider")) void this.load();
      }),
    ];
  }

  /** Reads the secrets of the chosen provider, so that `secrets` knows them. */
  async load(): Promise<void> {
    const choice = this.current();
    if (choice !== undefined) await this.#read(choice.id);
  }

  /** What was loaded of a provider. */
  readonly secrets = (providerId: string): ProviderSecrets => this.#known.get(providerId) ?? none;

  readonly storedSecrets = async (providerId: string): Promise<readonly string[]> => Object.keys(await this.#read(providerId));

  readonly choose = async (choice: ProviderChoice | undefined, secrets: ProviderSecrets): Promise<void> => {
    if (choice !== undefined) {
      await this.#storage.store(prefix + choice.id, JSON.stringify({ ...(await this.#read(choice.id)), ...secrets }));
      await this.#read(choice.id);
    }
    await workspace.getConfiguration().update("taskMaster.goose.provider", choice, ConfigurationTarget.Global);
  };

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  async #read(providerId: string): Promise<ProviderSecrets> {
    const secrets = parseSecrets(await this.#storage.get(prefix + providerId));
    this.#known.set(providerId, secrets);
    return secrets;
  }
}
