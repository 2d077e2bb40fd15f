import { ProgressLocation, window, type QuickPickItem } from "vscode";
import { t } from "../base/l10n.ts";
import { maxProviderValue, modelNamePattern, type KnownProvider, type ProviderChoice, type ProviderKey } from "../model/provider.ts";
import { oneLine } from "../platform/oneLine.ts";
import { showLogButton, tell } from "../platform/messages.ts";
import { lookAtSetup } from "./checkSetup.ts";
import type { Command, SetupDesk } from "./commandDeps.ts";

/** Asks for provider, key and model, keeps the key in the secret storage, and looks whether Goose can work with them. Esc anywhere changes nothing. */
export const setUpProvider: Command = async ({ setup }) => {
  const providers = await withProgress(t("Asking Goose for its providers…"), () => setup.providers());
  const picked = await pickProvider(providers, setup.current());
  if (picked === undefined) return;
  if (picked === "own") {
    await setup.choose(undefined, {});
    return report(setup);
  }
  const values = await askForValues(picked, setup);
  if (values === undefined) return;
  const model = await pickModel(picked);
  if (model === undefined) return;
  await setup.choose({ id: picked.id, model, config: values.config }, values.secrets);
  return report(setup);
};

const ownConfiguration = t("Goose's own configuration");

async function pickProvider(providers: readonly KnownProvider[], current: ProviderChoice | undefined): Promise<KnownProvider | "own" | undefined> {
  const own = {
    label: ownConfiguration,
    description: current === undefined ? t("used now") : "",
    detail: t('What "goose configure" was told.'),
    provider: "own" as const,
  };
  const others = [...providers]
    .sort((a, b) => Number(b.id === current?.id) - Number(a.id === current?.id) || a.name.localeCompare(b.name))
    .map((provider) => ({
      label: oneLine(provider.name, 100),
      description: provider.id === current?.id ? t("used now") : "",
      detail: oneLine(provider.description, 300),
      provider,
    }));
  const title = t("Set Up Provider (1 of 3): Provider");
  return (await window.showQuickPick([own, ...others], { title, placeHolder: t("Who answers Goose?"), matchOnDetail: true, ignoreFocusOut: true }))?.provider;
}

interface Values {
  readonly config: Record<string, string>;
  readonly secrets: Record<string, string>;
}

async function askForValues(provider: KnownProvider, setup: SetupDesk): Promise<Values | undefined> {
  const stored = await setup.storedSecrets(provider.id);
  const current = setup.current();
  const values: Values = { config: {}, secrets: {} };
  for (const key of provider.keys.filter(({ isMain }) => isMain)) {
    const isStored = key.isSecret && stored.includes(key.name);
    const before = current?.id === provider.id ? current.config[key.name] : undefined;
    const value = await askForValue(provider, key, { isStored, before });
    if (value === undefined) return undefined;
    if (value !== "") (key.isSecret ? values.secrets : values.config)[key.name] = value;
  }
  return values;
}

async function askForValue(
  provider: KnownProvider,
  key: ProviderKey,
  { isStored, before }: { readonly isStored: boolean; readonly before: string | undefined },
): Promise<string | undefined> {
  const value = await window.showInputBox({
    title: t("Set Up Provider (2 of 3): {0}", key.name),
    prompt: key.isSecret ? secretPrompt(isStored) : oneLine(provider.name, 100),
    password: key.isSecret,
    ignoreFocusOut: true,
    ...(key.isSecret ? {} : { value: before ?? key.default ?? "" }),
    validateInput: (text) => (text.length > maxProviderValue ? t("At most {0} characters.", maxProviderValue) : undefined),
  });
  return value?.trim();
}

function secretPrompt(isStored: boolean): string {
  return isStored
    ? t("Kept in VS Code's secret storage; only Goose gets it. Leave it empty to keep the one that is stored.")
    : t("Kept in VS Code's secret storage; only Goose gets it.");
}

async function pickModel({ models, defaultModel }: KnownProvider): Promise<string | undefined> {
  const title = t("Set Up Provider (3 of 3): Model");
  const other: QuickPickItem = { label: t("Another model…"), alwaysShow: true };
  const known = [...new Set([...(defaultModel === undefined ? [] : [defaultModel]), ...models])];
  const picks = known.map((label): QuickPickItem => ({ label, description: label === defaultModel ? t("the provider's default") : "" }));
  // Before the many that nobody scrolls through: a server that only speaks the provider's language has models of its own.
  const listed = defaultModel === undefined ? [other, ...picks] : picks.toSpliced(1, 0, other);
  const picked = known.length === 0 ? other : await window.showQuickPick(listed, { title, placeHolder: t("Which model?"), ignoreFocusOut: true });
  if (picked !== other) return picked?.label;
  return window.showInputBox({
    title,
    prompt: t("The model's name, as the provider writes it"),
    ignoreFocusOut: true,
    validateInput: (text) => (modelNamePattern.test(text) ? undefined : t("Letters, digits and . _ : / @ + - only.")),
  });
}

async function report(setup: SetupDesk): Promise<void> {
  const findings = await withProgress(t("Looking whether Goose can work with it…"), () => lookAtSetup(setup));
  const provider = findings.find(({ name }) => name === "provider");
  if (provider?.ok === true) tell("information", t("Goose is ready: {0}.", provider.detail));
  else tell("warning", provider?.detail ?? t("It could not be checked whether Goose can work with it."), [showLogButton]);
}

function withProgress<T>(title: string, work: () => Promise<T>): Thenable<T> {
  return window.withProgress({ location: ProgressLocation.Notification, title }, work);
}
