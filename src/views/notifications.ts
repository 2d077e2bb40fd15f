import { commands, window } from "vscode";
import type { Disposable } from "../base/event.ts";
import type { TaskChange, TaskEngineFacade } from "../engine/facade.ts";
import { commandIds, treeViewId } from "../model/identifiers.ts";
import type { TaskId } from "../model/ids.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import { resumeQueueButton, showLogButton, tell, type MessageButton } from "../platform/messages.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";
import { noticeOf, noticeText, type Notice } from "./notices.ts";
import { isToldByStop, newStop } from "./queueMessage.ts";

/** The first notice comes at once; what follows within this time comes as one. */
const mergeMs = 10_000;

/** Interrupts the user only when a task failed for good or waits for an answer, or the queue stopped by itself. */
export class Notifications implements Disposable {
  readonly #isShown: (id: TaskId) => boolean;
  readonly #show: Throttled;
  #waiting: Notice[] = [];
  #subscriptions: readonly Disposable[] = [];
  #queue: QueueStatus = { limits: [] };
  #toldStop: number | undefined;

  /** `isShown` tells whether the user is looking at the task's run view. */
  constructor(isShown: (id: TaskId) => boolean) {
    this.#isShown = isShown;
    this.#show = throttle(mergeMs, () => this.#showWaiting());
  }

  /** Listens to an engine; undefined to nobody. */
  follow(engine: Pick<TaskEngineFacade, "onDidChange"> | undefined): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#subscriptions = engine === undefined ? [] : [engine.onDidChange((changes) => this.#hear(changes))];
  }

  /** What keeps the queue now; a stop that was there when the queue was opened (`isFirst`) is no news. */
  hearQueue(status: QueueStatus, isFirst: boolean): void {
    this.#queue = status;
    const stop = newStop(status, this.#toldStop);
    this.#toldStop = status.stop?.at;
    if (stop !== undefined && !isFirst) tell("warning", stop.text, [resumeQueueButton, showTasksButton, showLogButton]);
  }

  dispose(): void {
    this.follow(undefined);
    this.#show.dispose();
  }

  #hear(changes: readonly TaskChange[]): void {
    const notices = changes.map(noticeOf).filter((notice) => notice !== undefined);
    const unseen = notices.filter((notice) => !(window.state.focused && this.#isShown(notice.taskId)) && !isToldByStop(notice, this.#queue));
    if (unseen.length === 0) return;
    this.#waiting.push(...unseen);
    this.#show();
  }

  #showWaiting(): void {
    const notices = this.#waiting;
    this.#waiting = [];
    const [first] = notices;
    if (first !== undefined) tell("warning", noticeText(notices), notices.length === 1 ? buttonsFor(first) : [showTasksButton, showLogButton]);
  }
}

const showTasksButton: MessageButton = ["Show Tasks", () => commands.executeCommand(`${treeViewId}.focus`)];

function buttonsFor({ kind, taskId }: Notice): readonly MessageButton[] {
  const openRun: MessageButton = ["Open Run", () => commands.executeCommand(commandIds.openRun, taskId)];
  const retry: MessageButton = ["Retry", () => commands.executeCommand(commandIds.retryTask, taskId)];
  return kind === "failed" ? [openRun, retry, showLogButton] : [openRun];
}
