import { ViewColumn, window, type WebviewPanel, type WebviewPanelSerializer } from "vscode";
import type { Disposable } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import { runViewType } from "../model/identifiers.ts";
import { parseTaskId, type TaskId } from "../model/ids.ts";
import { createPanel, RunPanel, type RunPanelDeps } from "./runPanel.ts";

/** The open run views, one per task; they come back after a reload of the window. */
export class RunPanels implements WebviewPanelSerializer, Disposable {
  readonly #deps: RunPanelDeps;
  readonly #panels = new Map<TaskId, RunPanel>();
  readonly #registration: Disposable;
  #subscription: Disposable | undefined;

  constructor(deps: RunPanelDeps) {
    this.#deps = deps;
    this.#registration = window.registerWebviewPanelSerializer(runViewType, this);
  }

  /** Shows the run of a task, in the panel that it already has. `beside` leaves the focus where it is. */
  open(id: TaskId, options: { readonly beside?: boolean } = {}): void {
    const beside = options.beside === true;
    const known = this.#panels.get(id);
    if (known !== undefined) return known.panel.reveal(undefined, beside);
    const neighbour = [...this.#panels.values()].at(-1)?.panel.viewColumn;
    this.#adopt(id, createPanel(this.#deps.extensionUri, neighbour ?? (beside ? ViewColumn.Beside : ViewColumn.Active), beside));
  }

  /** Whether the user can see the run of a task. */
  isShown(id: TaskId): boolean {
    return this.#panels.get(id)?.panel.visible === true;
  }

  /** Feeds the views from an engine; undefined from none. */
  follow(engine: TaskEngineFacade | undefined): void {
    this.#subscription?.dispose();
    this.#subscription = engine?.onDidChange((changes) => {
      for (const panel of this.#panels.values()) panel.take(changes);
    });
    if (engine !== undefined) for (const panel of this.#panels.values()) panel.reload();
  }

  /** An action of a task began or ended. */
  refreshTask(id: TaskId): void {
    this.#panels.get(id)?.refreshTask();
  }

  /** VS Code gives back a panel after a reload; its state is the task's id only. */
  deserializeWebviewPanel(panel: WebviewPanel, state: unknown): Promise<void> {
    const raw = typeof state === "object" && state !== null && "taskId" in state ? state.taskId : undefined;
    const id = typeof raw === "string" ? parseTaskId(raw) : undefined;
    if (id === undefined || this.#panels.has(id)) panel.dispose();
    else this.#adopt(id, panel);
    return Promise.resolve();
  }

  dispose(): void {
    this.#subscription?.dispose();
    this.#registration.dispose();
    // The panels themselves stay: closing them would take them away from the user at every reload.
    this.#panels.clear();
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
