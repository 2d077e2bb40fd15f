import { env, Uri, window, workspace, type ViewColumn, type WebviewPanel } from "vscode";
import { t } from "../base/l10n.ts";
import type { Disposable } from "../base/event.ts";
import type { TaskChange, TaskEngineFacade } from "../engine/facade.ts";
import { toTaskMasterError } from "../model/errors.ts";
import { runViewType } from "../model/identifiers.ts";
import type { TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import type { TaskAction } from "../model/taskActions.ts";
import { language } from "../platform/language.ts";
import { tellError } from "../platform/messages.ts";
import { oneLine } from "../platform/oneLine.ts";
import type { Log } from "../platform/logger.ts";
import type { HostToView } from "../protocol/hostWebview.ts";
import { BudgetFeed } from "./budgetFeed.ts";
import { openPlace, type FindFile } from "./openPlace.ts";
import { makeNonce, runHtml } from "./runHtml.ts";
import { RunSearch } from "./runSearch.ts";
import { RunStream, type RunSource } from "./runStream.ts";
import { withTitles } from "./taskTitles.ts";
import { ViewRequests } from "./viewRequests.ts";

/** What the run views work with. */
export interface RunPanelDeps {
  readonly extensionUri: Uri;
  readonly engine: () => Promise<TaskEngineFacade>;
  readonly perform: (action: TaskAction, id: TaskId) => Promise<void>;
  readonly say: (id: TaskId, text: string) => Promise<void>;
  readonly pendingAction: (id: TaskId) => TaskAction | undefined;
  readonly findFile: FindFile;
  readonly log: Log;
}

/** What the tab of a task's run says. */
export function panelTitle({ title }: Pick<Task, "title">): string {
  return oneLine(title, 40);
}

/** A new, empty panel for a run. */
export function createPanel(extensionUri: Uri, column: ViewColumn, preserveFocus: boolean): WebviewPanel {
  return window.createWebviewPanel(
    runViewType,
    t("Task run"),
    { viewColumn: column, preserveFocus },
    { ...webviewOptions(extensionUri), retainContextWhenHidden: false },
  );
}

/** One run view: the page in its frame, fed by a stream; what the page asks for is validated and its task is never its own choice. */
export class RunPanel implements Disposable {
  readonly panel: WebviewPanel;
  readonly #deps: RunPanelDeps;
  readonly #stream: RunStream;
  readonly #budget: BudgetFeed;
  readonly #search: RunSearch;
  readonly #subscriptions: readonly Disposable[];

  constructor(deps: RunPanelDeps, taskId: TaskId, panel: WebviewPanel) {
    this.#deps = deps;
    this.panel = panel;
    const source = async (): Promise<RunSource> => withTitles(await deps.engine());
    this.#stream = new RunStream({
      taskId,
      source,
      pending: () => deps.pendingAction(taskId),
      post: (message) => this.#post(message),
      onTask: (task) => this.#setTitle(panelTitle(task)),
      now: Date.now,
    });
    this.#budget = new BudgetFeed({
      taskId,
      source: deps.engine,
      post: (uses) => this.#post({ type: "budget", uses }),
      onError: (thrown) => deps.log.warn("the budget could not be read", { taskId, error: toTaskMasterError(thrown).message }),
    });
    this.#search = new RunSearch({
      taskId,
      source,
      post: (message) => this.#post(message),
      rest: () => new Promise((resolve) => void setTimeout(resolve)),
    });
    const requests = new ViewRequests({
      ...deps,
      taskId,
      stream: this.#stream,
      search: this.#search,
      budget: this.#budget,
      sayAlive: () => this.#sayAlive(),
      post: (message) => this.#post(message),
      openPlace: (place) => openPlace(deps, taskId, place),
      // VS Code asks before it opens an address that the user has not trusted yet.
      openLink: (url) => void env.openExternal(Uri.parse(url, true)),
      tellError: (thrown) => tellError(thrown, deps.log),
    });
    this.#subscriptions = [
      panel.webview.onDidReceiveMessage((message: unknown) => requests.receive(message)),
      workspace.onDidGrantWorkspaceTrust(() => this.#sayAlive()),
      panel.onDidChangeViewState(() => {
        if (panel.visible) return;
        this.#stream.suspend();
        this.#search.end();
      }),
    ];
    panel.iconPath = { light: Uri.joinPath(deps.extensionUri, "media/run-light.svg"), dark: Uri.joinPath(deps.extensionUri, "media/run-dark.svg") };
    panel.webview.options = webviewOptions(deps.extensionUri);
    panel.webview.html = this.#html();
  }

  take(changes: readonly TaskChange[]): void {
    this.#stream.take(changes);
    this.#budget.take(changes);
  }

  /** The task is gone. */
  removed(): void {
    this.#stream.removed();
  }

  /** Shows the page from the store again, for instance when the engine was opened anew. */
  reload(): void {
    if (this.panel.visible) this.#stream.ready();
  }

  /** An action of this task began or ended. */
  refreshTask(): void {
    this.#stream.refreshTask();
  }

  dispose(): void {
    this.#search.end();
    this.#stream.dispose();
    this.#budget.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.panel.dispose();
  }

  #sayAlive(): void {
    this.#post({ type: "alive", isTrusted: workspace.isTrusted });
  }

  #post(message: HostToView): void {
    void this.panel.webview.postMessage(message);
  }

  #setTitle(text: string): void {
    if (this.panel.title !== text) this.panel.title = text;
  }

  #html(): string {
    const { webview } = this.panel;
    const address = (path: string): string => webview.asWebviewUri(Uri.joinPath(this.#deps.extensionUri, path)).toString();
    return runHtml({
      cspSource: webview.cspSource,
      nonce: makeNonce(),
      scriptUri: address("dist/webview/runView.js"),
      styleUri: address("media/webview/runView.css"),
      ...(language === undefined ? {} : { language }),
    });
  }
}

function webviewOptions(extensionUri: Uri): { enableScripts: true; enableCommandUris: false; enableForms: false; localResourceRoots: Uri[] } {
  return {
    enableScripts: true,
    enableCommandUris: false,
    enableForms: false,
    localResourceRoots: [Uri.joinPath(extensionUri, "dist/webview"), Uri.joinPath(extensionUri, "media/webview")],
  };
}
