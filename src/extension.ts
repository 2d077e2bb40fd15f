// First: the modules behind it make their texts when they are loaded.
import "./platform/language.ts";
import { window, workspace, type ExtensionContext } from "vscode";
import { createUserInterface } from "./commands/userInterface.ts";
import { openEngine, type OpenedEngine } from "./composition.ts";
import { fileInside } from "./host/fileInside.ts";
import { parseSettings } from "./model/settings.ts";
import { SettingsSource } from "./platform/configuration.ts";
import { ExtensionSession } from "./platform/extensionSession.ts";
import { ProviderDesk } from "./platform/providerDesk.ts";
import { channelLogger } from "./platform/logger.ts";
import { workingFolder } from "./platform/workspaceFolder.ts";
import { reportSettings } from "./views/sessionReporter.ts";

let session: ExtensionSession<OpenedEngine> | undefined;

/** Called by VS Code once, when the view, a command or a restored run view needs the extension. The engine opens behind it. */
export function activate(context: ExtensionContext): void {
  const channel = window.createOutputChannel("Task Master", { log: true });
  const log = channelLogger(channel);
  const settings = new SettingsSource(parseSettings, (problems) => reportSettings(problems, log));
  const provider = new ProviderDesk(context.secrets, () => settings.current().provider);
  const current = new ExtensionSession<OpenedEngine>({
    folder: () => workingFolder()?.fsPath,
    open: async (folder) => {
      await provider.load();
      return openEngine({
        folder,
        ...(context.storageUri === undefined ? {} : { ownDirectory: context.storageUri.fsPath }),
        workerScript: context.asAbsolutePath("dist/worker.cjs"),
        logger: log,
        settings: settings.current,
        providerSecrets: provider.secrets,
        isTrusted: () => workspace.isTrusted,
        triesAgain: true,
      });
    },
  });
  session = current;
  const surfaces = createUserInterface(current, {
    extensionUri: context.extensionUri,
    channel,
    findFile: fileInside,
    log,
    provider,
    version: versionOf(context),
  });
  context.subscriptions.push(channel, settings, provider, current, ...surfaces);
  void current.start();
}

function versionOf({ extension }: ExtensionContext): string {
  return String((extension.packageJSON as { readonly version?: unknown }).version);
}

/** Called by VS Code when the window closes: the runs keep their places, within the grace period of the settings. */
export function deactivate(): Promise<void> | undefined {
  return session?.stop();
}
