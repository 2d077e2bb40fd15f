import { StatusBarAlignment, commands, window, type QuickPickItem, type StatusBarItem } from "vscode";
import { t } from "../base/l10n.ts";
import type { Disposable } from "../base/event.ts";
import { commandIds, showActionsCommandId, statusBarItemId, treeViewId } from "../model/identifiers.ts";
import { isHeld, type QueueStatus } from "../model/queueStatus.ts";
import type { Task } from "../model/task.ts";
import { setContextKey } from "../platform/contextKeys.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";
import { nextDue, statusText } from "./statusText.ts";
import type { TaskList } from "./taskList.ts";

const repaintIntervalMs = 250;
/** Longest wait of one timer; a later time is reached in several. */
const longestWaitMs = 3_600_000;

/** One quiet item: what keeps the queue, how many tasks run and wait; hidden while the queue is empty. Also keeps the queue's context keys. */
export class StatusBar implements Disposable {
  readonly #list: TaskList;
  readonly #item: StatusBarItem;
  readonly #repaint: Throttled;
  readonly #subscriptions: readonly Disposable[];
  #queue: QueueStatus = { limits: [] };
  #wake: ReturnType<typeof setTimeout> | undefined;

  constructor(list: TaskList) {
    this.#list = list;
    this.#item = window.createStatusBarItem(statusBarItemId, StatusBarAlignment.Left);
    this.#item.name = "Task Master";
    this.#item.command = showActionsCommandId;
    this.#repaint = throttle(repaintIntervalMs, () => this.#paint());
    this.#subscriptions = [list.onDidChange(() => this.#repaint()), commands.registerCommand(showActionsCommandId, () => showActions(isHeld(this.#queue)))];
  }

  /** What keeps the queue now. */
  hearQueue(status: QueueStatus): void {
    this.#queue = status;
    this.#repaint();
  }

  dispose(): void {
    clearTimeout(this.#wake);
    this.#repaint.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#item.dispose();
  }

  #paint(): void {
    const tasks = this.#list.all();
    setContextKey(
      "hasRunningTask",
      tasks.some((task) => task.status === "in_progress"),
    );
    this.#armWake(tasks);
    const status = statusText(tasks, this.#queue, Date.now());
    if (status === undefined) return this.#item.hide();
    this.#item.text = status.text;
    this.#item.tooltip = status.tooltip;
    this.#item.accessibilityInformation = { label: status.accessibilityLabel, role: "button" };
    this.#item.show();
  }

  /** A scheduled task becomes ready without any event of the engine. */
  #armWake(tasks: readonly Task[]): void {
    clearTimeout(this.#wake);
    const at = nextDue(tasks, Date.now());
    if (at !== undefined) this.#wake = setTimeout(() => this.#repaint(), Math.min(longestWaitMs, Math.max(1, at - Date.now())));
  }
}

const resumeQueueAction = { label: `$(debug-continue) ${t("Resume Queue")}`, command: commandIds.resumeQueue };
const actions: readonly (QuickPickItem & { readonly command: string })[] = [
  { label: `$(play) ${t("Run Next Task")}`, command: commandIds.runNextTask },
  { label: `$(run-all) ${t("Run All Tasks")}`, command: commandIds.runAllTasks },
  { label: `$(add) ${t("Add Task")}`, command: commandIds.addTask },
  { label: `$(debug-pause) ${t("Pause Task…")}`, command: commandIds.pauseTask },
  { label: `$(debug-continue) ${t("Resume Task…")}`, command: commandIds.resumeTask },
  { label: `$(open-preview) ${t("Open Run…")}`, command: commandIds.openRun },
  { label: `$(checklist) ${t("Show Tasks")}`, command: `${treeViewId}.focus` },
  { label: `$(pass) ${t("Check Setup")}`, command: commandIds.checkSetup },
  { label: `$(output) ${t("Show Log")}`, command: commandIds.showLog },
];

async function showActions(withResume: boolean): Promise<void> {
  const chosen = await window.showQuickPick(withResume ? [resumeQueueAction, ...actions] : actions, {
    title: "Task Master",
    placeHolder: t("What shall be done?"),
  });
  if (chosen !== undefined) await commands.executeCommand(chosen.command);
}
