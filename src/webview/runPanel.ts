import { env, Uri, window, workspace, type ViewColumn, type WebviewPanel } from "vscode";
import type { Disposable } from "../base/event.ts";
import type { TaskChange, TaskEngineFacade } from "../engine/facade.ts";
import { toTaskMasterError } from "../model/errors.ts";
import { runViewType } from "../model/identifiers.ts";
import type { TaskId } from "../model/ids.ts";
import type { PermissionAnswer } from "../model/permission.ts";
import type { Task } from "../model/task.ts";
import { legalActions, type TaskAction } from "../model/taskActions.ts";
import { tellError } from "../platform/messages.ts";
import { oneLine } from "../platform/oneLine.ts";
import type { Log } from "../platform/logger.ts";
import { parseViewMessage, type HostToView, type ViewToHost } from "../protocol/hostWebview.ts";
import { BudgetFeed } from "./budgetFeed.ts";
import { openPlace, type FindFile } from "./openPlace.ts";
import { makeNonce, runHtml } from "./runHtml.ts";
import { RunSearch } from "./runSearch.ts";
import { RunStream } from "./runStream.ts";

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
    "Run",
    { viewColumn: column, preserveFocus },
    { ...webviewOptions(extensionUri), retainContextWhenHidden: false },
  );
}

/** One run view: the page in its frame, fed by a stream; what the page asks for is validated and its task is never its own choice. */
export class RunPanel implements Disposable {
  readonly panel: WebviewPanel;
  readonly #deps: RunPanelDeps;
  readonly #taskId: TaskId;
  readonly #stream: RunStream;
  readonly #budget: BudgetFeed;
  readonly #search: RunSearch;
  readonly #subscriptions: readonly Disposable[];
  #dropped = 0;

  constructor(deps: RunPanelDeps, taskId: TaskId, panel: WebviewPanel) {
    this.#deps = deps;
    this.#taskId = taskId;
    this.panel = panel;
    this.#stream = new RunStream({
      taskId,
      source: deps.engine,
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
      source: deps.engine,
      post: (message) => this.#post(message),
      rest: () => new Promise((resolve) => void setTimeout(resolve)),
    });
    this.#subscriptions = [
      panel.webview.onDidReceiveMessage((message: unknown) => this.#receive(message)),
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

  #receive(raw: unknown): void {
    const message = parseViewMessage(raw);
    if (message === undefined) {
      this.#dropped++;
      return this.#deps.log.warn("dropped a malformed message of the run view", { taskId: this.#taskId, dropped: this.#dropped });
    }
    this.#sayAlive();
    this.#obey(message);
  }

  #sayAlive(): void {
    this.#post({ type: "alive", isTrusted: workspace.isTrusted });
  }

  #post(message: HostToView): void {
    void this.panel.webview.postMessage(message);
  }

  #obey(message: ViewToHost): void {
    switch (message.type) {
      case "ready":
        if (message.lastSeq === undefined) this.#budget.ready();
        return this.#stream.ready(message.lastSeq);
      case "show":
        this.#budget.ready();
        return this.#stream.show(message.seq);
      case "reading":
        return this.#stream.reading();
      case "loadOlder":
        return this.#stream.loadOlder(message.beforeSeq);
      case "loadNewer":
        return this.#stream.loadNewer(message.afterSeq);
      case "action":
        return void this.#act(message.action);
      case "say":
        return void this.#say(message.text);
      case "stopToolCall":
        return void this.#stopToolCall(message.toolCallId);
      case "find":
        return void this.#search.find(message.id, message.text).catch((thrown: unknown) => tellError(thrown, this.#deps.log));
      case "endFind":
        return this.#search.end();
      case "openPlace":
        return void openPlace(this.#deps, this.#taskId, message).catch((thrown: unknown) => tellError(thrown, this.#deps.log));
      case "openLink":
        // VS Code asks before it opens an address that the user has not trusted yet.
        return void env.openExternal(Uri.parse(message.url, true));
      case "answer":
        return void this.#answer(message.answer);
    }
  }

  async #answer(answer: PermissionAnswer): Promise<void> {
    try {
      await (await this.#deps.engine()).answer(this.#taskId, answer);
    } catch (thrown) {
      tellError(thrown, this.#deps.log);
    } finally {
      this.#stream.refreshTask();
    }
  }

  async #act(action: TaskAction): Promise<void> {
    try {
      const { status } = await (await this.#deps.engine()).get(this.#taskId);
      // A button of an outdated page is no error: the page only has to hear how things stand.
      if (legalActions(status).includes(action)) await this.#deps.perform(action, this.#taskId);
    } catch (thrown) {
      tellError(thrown, this.#deps.log);
    } finally {
      this.#stream.refreshTask();
    }
  }

  /** What was refused stays in the page's field, with the reason under it. */
  async #say(text: string): Promise<void> {
    try {
      await this.#deps.say(this.#taskId, text);
      this.#post({ type: "said" });
    } catch (thrown) {
      this.#post({ type: "said", error: toTaskMasterError(thrown).message });
    } finally {
      this.#stream.refreshTask();
    }
  }

  async #stopToolCall(toolCallId: string): Promise<void> {
    try {
      await (await this.#deps.engine()).stopToolCall(this.#taskId, toolCallId);
    } catch (thrown) {
      tellError(thrown, this.#deps.log);
    }
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
