import { TabInputWebview, ViewColumn, window, type Tab, type WebviewPanel, type WebviewPanelSerializer } from "vscode";
import type { Disposable } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import { runViewType } from "../model/identifiers.ts";
import { parseTaskId, type TaskId } from "../model/ids.ts";
import { createPanel, panelTitle, RunPanel, type RunPanelDeps } from "./runPanel.ts";

/** The open run views, one per task; they come back after a reload of the window. */
export class RunPanels implements WebviewPanelSerializer, Disposable {
  readonly #deps: RunPanelDeps;
  readonly #panels = new Map<TaskId, RunPanel>();
  readonly #registration: Disposable;
  #subscriptions: readonly Disposable[] = [];

  constructor(deps: RunPanelDeps) {
    this.#deps = deps;
    this.#registration = window.registerWebviewPanelSerializer(runViewType, this);
  }

  /** Shows the run of a task, in the panel that it already has. `beside` leaves the focus where it is. */
  open(id: TaskId, options: { readonly beside?: boolean } = {}): void {
    const beside = options.beside === true;
    const known = this.#panels.get(id);
    if (known !== undefined) known.panel.reveal(undefined, beside);
    else void this.#openNew(id, beside);
  }

  /** Whether the user can see the run of a task. */
  isShown(id: TaskId): boolean {
    return this.#panels.get(id)?.panel.visible === true;
  }

  /** Feeds the views from an engine; undefined from none. */
  follow(engine: TaskEngineFacade | undefined): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#subscriptions = [];
    if (engine === undefined) return;
    this.#subscriptions = [
      engine.onDidChange((changes) => {
        for (const panel of this.#panels.values()) panel.take(changes);
      }),
      engine.onDidRemove((ids) => {
        for (const id of ids) this.#panels.get(id)?.removed();
      }),
    ];
    for (const panel of this.#panels.values()) panel.reload();
  }

  /** An action of a task began or ended. */
  refreshTask(id: TaskId): void {
    this.#panels.get(id)?.refreshTask();
  }

  /** VS Code gives back a panel after a reload; its state is the task's id only. */
  deserializeWebviewPanel(panel: WebviewPanel, state: unknown): Promise<void> {
    const raw = typeof state === "object" && state !== null && "taskId" in state ? state.taskId : undefined;
    const id = typeof raw === "string" ? parseTaskId(raw) : undefined;
    const known = id === undefined ? undefined : this.#panels.get(id);
    // The user has just turned to the panel that goes: the one that stays takes its place.
    known?.panel.reveal();
    if (id === undefined || known !== undefined) panel.dispose();
    else this.#adopt(id, panel);
    return Promise.resolve();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#registration.dispose();
    // The panels themselves stay: closing them would take them away from the user at every reload.
    this.#panels.clear();
  }

  async #openNew(id: TaskId, beside: boolean): Promise<void> {
    const orphans = await this.#orphansOf(id);
    // Somebody else was faster.
    if (this.#panels.has(id)) return this.open(id, { beside });
    const column = orphans[0]?.group.viewColumn ?? [...this.#panels.values()].at(-1)?.panel.viewColumn;
    this.#adopt(id, createPanel(this.#deps.extensionUri, column ?? (beside ? ViewColumn.Beside : ViewColumn.Active), beside));
    if (orphans.length > 0) await window.tabGroups.close(orphans, true);
  }

  /**
   * Tabs of the task's run without a panel of ours: VS Code restores a hidden one only when it is shown, and those of an
   * extension host that died stay behind. The title is all that they tell; none where a panel of ours has the same.
   */
  async #orphansOf(id: TaskId): Promise<readonly Tab[]> {
    try {
      const title = panelTitle(await (await this.#deps.engine()).get(id));
      if ([...this.#panels.values()].some(({ panel }) => panel.title === title)) return [];
      return window.tabGroups.all.flatMap(({ tabs }) => tabs.filter(({ input, label }) => label === title && isRunTab(input)));
    } catch {
      // Without an engine the new panel says why there is nothing.
      return [];
    }
  }

  #adopt(id: TaskId, panel: WebviewPanel): void {
    const run = new RunPanel(this.#deps, id, panel);
    this.#panels.set(id, run);
    panel.onDidDispose(() => {
      if (this.#panels.get(id) === run) this.#panels.delete(id);
      run.dispose();
    });
  }
}

/** VS Code puts a prefix of its own before the type of a view. */
function isRunTab(input: unknown): boolean {
  return input instanceof TabInputWebview && input.viewType.endsWith(runViewType);
}
