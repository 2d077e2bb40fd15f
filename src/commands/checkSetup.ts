import { commands, env, ProgressLocation, Uri, window, type QuickPickItem } from "vscode";
import { t } from "../base/l10n.ts";
import { commandIds } from "../model/identifiers.ts";
import { setContextKey } from "../platform/contextKeys.ts";
import { oneLine } from "../platform/oneLine.ts";
import type { Command, SetupDesk, SetupFinding } from "./commandDeps.ts";

/** Looks whether everything that a run needs is there and lists it; choosing what is missing leads to the remedy. */
export const checkSetup: Command = async ({ setup }) => {
  const findings = await window.withProgress({ location: ProgressLocation.Notification, title: t("Task Master: checking the set-up…") }, () =>
    lookAtSetup(setup),
  );
  const chosen = await window.showQuickPick(findings.map(pickOf), {
    title: findings.every(({ ok }) => ok) ? t("Task Master: everything is ready") : t("Task Master: something is missing"),
    placeHolder: t("Choose what is missing to put it right"),
    matchOnDetail: true,
  });
  await chosen?.remedy?.();
};

/** The findings; menus and the walkthrough hear of them. */
export async function lookAtSetup(setup: Pick<SetupDesk, "check">): Promise<readonly SetupFinding[]> {
  const findings = await setup.check();
  const isOk = (wanted: string): boolean => findings.some(({ name, ok }) => name === wanted && ok);
  setContextKey("isGooseReady", isOk("goose"));
  setContextKey("isProviderReady", isOk("provider"));
  return findings;
}

interface FindingPick extends QuickPickItem {
  readonly remedy?: (() => Thenable<unknown>) | undefined;
}

const words: Readonly<Record<string, string>> = {
  node: t("Runtime"),
  queue: t("Queue"),
  repository: t("Git repository"),
  goose: "Goose",
  provider: t("Provider and model"),
};

const remedies: Readonly<Record<string, () => Thenable<unknown>>> = {
  goose: () => env.openExternal(Uri.parse("https://github.com/aaif-goose/goose")),
  provider: () => commands.executeCommand(commandIds.setUpProvider),
};
const showLog = (): Thenable<unknown> => commands.executeCommand(commandIds.showLog);

function pickOf({ name, ok, detail }: SetupFinding): FindingPick {
  const label = `$(${ok ? "pass" : "error"}) ${words[name] ?? name}`;
  return { label, description: ok ? t("ready") : t("missing"), detail: oneLine(detail, 300), remedy: ok ? undefined : (remedies[name] ?? showLog) };
}
