import { env, version as vscodeVersion, window, workspace } from "vscode";
import { t } from "../base/l10n.ts";
import { toTaskMasterError } from "../model/errors.ts";
import { settingNames } from "../model/identifiers.ts";
import { tell } from "../platform/messages.ts";
import type { Command, CommandDeps } from "./commandDeps.ts";
import { diagnosticsText, type QueueFacts } from "./diagnosticsText.ts";

/** Copies what a bug report needs: versions, set-up, settings, how the queue stands. No task text, no secret, no name of the user. */
export const copyDiagnostics: Command = async (deps) => {
  const text = diagnosticsText({
    versions: {
      "Task Master for Goose": deps.version,
      "VS Code": `${vscodeVersion} (${env.appHost}${env.remoteName === undefined ? "" : `, remote ${env.remoteName}`})`,
      Node: process.versions.node,
      Platform: `${process.platform} ${process.arch}`,
    },
    isTrusted: workspace.isTrusted,
    settings: Object.fromEntries(Object.keys(settingNames).map((id) => [id, workspace.getConfiguration().get<unknown>(id)])),
    setup: await orReason(() => deps.setup.check()),
    queue: await orReason(() => queueFacts(deps)),
    environment: process.env,
  });
  await env.clipboard.writeText(text);
  tell("information", t("The diagnostics are in the clipboard. Read them before you share them."), [[t("Show"), () => show(text)]]);
  return text;
};

async function queueFacts(deps: CommandDeps): Promise<QueueFacts> {
  const engine = await deps.engine();
  return { tasks: await engine.list(), running: engine.running.length, status: await engine.queueStatus() };
}

async function orReason<T>(look: () => Promise<T>): Promise<T | string> {
  try {
    return await look();
  } catch (thrown) {
    const { code, message } = toTaskMasterError(thrown);
    return `${message} (${code})`;
  }
}

async function show(content: string): Promise<void> {
  await window.showTextDocument(await workspace.openTextDocument({ content, language: "markdown" }));
}
