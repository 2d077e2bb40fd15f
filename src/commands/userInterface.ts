import type { LogOutputChannel, Uri } from "vscode";
import type { Disposable } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import { setContextKey } from "../platform/contextKeys.ts";
import type { ExtensionSession } from "../platform/extensionSession.ts";
import type { Log } from "../platform/logger.ts";
import { tellError } from "../platform/messages.ts";
import { RepositoryWatch } from "../platform/workspaceFolder.ts";
import { Notifications } from "../views/notifications.ts";
import { QueueWatch } from "../views/queueWatch.ts";
import { reportSession, type WithWarnings } from "../views/sessionReporter.ts";
import { StatusBar } from "../views/statusBar.ts";
import { TaskList } from "../views/taskList.ts";
import { TaskTree } from "../views/taskTree.ts";
import type { FindFile } from "../webview/openPlace.ts";
import { RunPanels } from "../webview/runPanels.ts";
import type { CommandDeps, SetupDesk } from "./commandDeps.ts";
import { performAction } from "./performAction.ts";
import { registerCommands } from "./registerCommands.ts";
import { sayTo } from "./sayTo.ts";

/** What an opened session gives to the surfaces. */
export interface WithEngine extends WithWarnings {
  readonly engine: TaskEngineFacade;
  readonly checkSetup: SetupDesk["check"];
  readonly providers: SetupDesk["providers"];
}

/** What the surfaces are made with. */
export interface UserInterfaceOptions {
  readonly extensionUri: Uri;
  readonly channel: LogOutputChannel;
  /** Follows the links of a path inside a folder. */
  readonly findFile: FindFile;
  readonly log: Log;
  /** The extension's own version. */
  readonly version: string;
  /** Where the choice of a provider and its secrets are kept. */
  readonly provider: Pick<SetupDesk, "current" | "storedSecrets" | "choose">;
}

/** Makes every surface (tree, status bar, run views, notifications, commands) and lets them follow the session. */
export function createUserInterface<T extends WithEngine>(
  session: ExtensionSession<T>,
  { extensionUri, channel, findFile, log, provider, version }: UserInterfaceOptions,
): readonly Disposable[] {
  const engine = async (): Promise<TaskEngineFacade> => (await session.opened()).engine;
  const list = new TaskList((id) => panels.refreshTask(id));
  const deps: CommandDeps = {
    engine,
    begin: (id, action) => list.begin(id, action),
    openRun: (id, options) => panels.open(id, options),
    showLog: () => channel.show(),
    muteFinished: () => notifications.muteFinished(),
    version,
    setup: { ...provider, check: async () => (await session.opened()).checkSetup(), providers: async () => (await session.opened()).providers() },
    log,
  };
  const panels = new RunPanels({
    extensionUri,
    engine,
    perform: (action, id) => performAction(deps, action, id),
    say: (id, text) => sayTo(deps, id, text),
    pendingAction: (id) => list.pendingAction(id),
    findFile,
    log,
  });
  const notifications = new Notifications((id) => panels.isShown(id));
  let loaded: Promise<void> = Promise.resolve();
  const following = session.onDidChangeState((state) => {
    const opened = state.kind === "active" ? state.opened.engine : undefined;
    loaded = list.follow(opened).then(
      () => tellEmptiness(session, list),
      (error: unknown) => tellError(error, log),
    );
    panels.follow(opened);
    notifications.follow(opened);
    queue.follow(opened, state.kind === "active" ? state.opened.onTrouble : undefined).catch((error: unknown) => tellError(error, log));
  });
  const tree = new TaskTree(list, () => session.start().then(() => loaded));
  const statusBar = new StatusBar(list);
  const queue = new QueueWatch({
    say: (message) => tree.say(message),
    hear: (status, isFirst) => {
      statusBar.hearQueue(status);
      notifications.hearQueue(status, isFirst);
    },
  });
  const own = [list, list.onDidChange(() => tellEmptiness(session, list)), panels, notifications, following, queue, tree, statusBar];
  return [...own, ...followRepository(session), reportSession(session, log), ...registerCommands(deps)];
}

/** What the welcome view says must be known, else it would say for a moment that there is nothing. */
function tellEmptiness<T extends WithEngine>({ state }: ExtensionSession<T>, list: TaskList): void {
  if (state.kind === "active") setContextKey("isQueueEmpty", list.size === 0);
}

/** Opens the queue anew when the folder becomes a repository: its place depends on that. */
function followRepository<T extends WithEngine>(session: ExtensionSession<T>): readonly Disposable[] {
  const repository = new RepositoryWatch();
  const changes = repository.onDidChange(({ hasRepository, isFirst }) => {
    setContextKey("hasRepository", hasRepository);
    setContextKey("isOutsideRepository", !hasRepository);
    if (hasRepository && !isFirst) void session.restart();
  });
  return [repository, changes];
}
