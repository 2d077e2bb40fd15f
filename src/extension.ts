import { window, workspace, type ExtensionContext } from "vscode";
import { performAction } from "./commands/performAction.ts";
import type { CommandDeps } from "./commands/commandDeps.ts";
import { registerCommands } from "./commands/registerCommands.ts";
import { openEngine, type OpenedEngine } from "./composition.ts";
import type { TaskEngineFacade } from "./engine/facade.ts";
import { parseSettings } from "./model/settings.ts";
import { SettingsSource } from "./platform/configuration.ts";
import { setContextKey } from "./platform/contextKeys.ts";
import { ExtensionSession } from "./platform/extensionSession.ts";
import { channelLogger } from "./platform/logger.ts";
import { tellError } from "./platform/messages.ts";
import { RepositoryWatch, workingFolder } from "./platform/workspaceFolder.ts";
import { Notifications } from "./views/notifications.ts";
import { reportSession, reportSettings } from "./views/sessionReporter.ts";
import { StatusBar } from "./views/statusBar.ts";
import { TaskList } from "./views/taskList.ts";
import { TaskTree } from "./views/taskTree.ts";
import { RunPanels } from "./webview/runPanels.ts";

let session: ExtensionSession<OpenedEngine> | undefined;

/** Called by VS Code once, when the view, a command or a restored run view needs the extension. The engine opens behind it. */
export function activate(context: ExtensionContext): void {
  const channel = window.createOutputChannel("Task Master", { log: true });
  const log = channelLogger(channel);
  const settings = new SettingsSource(parseSettings, (problems) => reportSettings(problems, log));
  const current = (session = new ExtensionSession<OpenedEngine>({
    folder: () => workingFolder()?.fsPath,
    isTrusted: () => workspace.isTrusted,
    open: (folder) =>
      openEngine({
        folder,
        ...(context.storageUri && { ownDirectory: context.storageUri.fsPath }),
        workerScript: context.asAbsolutePath("dist/worker.cjs"),
        logger: log,
        settings: settings.current,
      }),
  }));
  const engine = async (): Promise<TaskEngineFacade> => (await current.opened()).engine;
  const list = new TaskList((id) => panels.refreshTask(id));
  const deps: CommandDeps = {
    engine,
    begin: (id, action) => list.begin(id, action),
    openRun: (id, options) => panels.open(id, options),
    showLog: () => channel.show(),
    log,
  };
  const panels = new RunPanels({
    extensionUri: context.extensionUri,
    engine,
    perform: (action, id) => performAction(deps, action, id),
    pendingAction: (id) => list.pendingAction(id),
    log,
  });
  const notifications = new Notifications((id) => panels.isShown(id));
  let loaded: Promise<void> = Promise.resolve();
  const following = current.onDidChangeState((state) => {
    const opened = state.kind === "active" ? state.opened.engine : undefined;
    loaded = list.follow(opened).catch((error: unknown) => tellError(error, log));
    panels.follow(opened);
    notifications.follow(opened);
  });
  const tree = new TaskTree(list, () => current.start().then(() => loaded));
  const repository = new RepositoryWatch();
  const repositoryChanges = repository.onDidChange(({ hasRepository, isFirst }) => {
    setContextKey("hasRepository", hasRepository);
    if (hasRepository && !isFirst) void current.restart();
  });
  const trust = workspace.onDidGrantWorkspaceTrust(() => void current.restart());
  context.subscriptions.push(
    channel,
    settings,
    current,
    list,
    panels,
    notifications,
    following,
    tree,
    new StatusBar(list),
    repository,
    repositoryChanges,
    trust,
  );
  context.subscriptions.push(reportSession(current, log), ...registerCommands(deps));
  void current.start();
}

/** Called by VS Code when the window closes: the runs keep their places, within the grace period of the settings. */
export function deactivate(): Promise<void> | undefined {
  return session?.stop();
}
