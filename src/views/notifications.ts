import { commands, window } from "vscode";
import { t } from "../base/l10n.ts";
import type { Disposable } from "../base/event.ts";
import type { TaskChange, TaskEngineFacade } from "../engine/facade.ts";
import { commandIds } from "../model/identifiers.ts";
import type { TaskId } from "../model/ids.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import { resumeQueueButton, showLogButton, showTasksButton, tell, type MessageButton } from "../platform/messages.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";
import { endsToolCalls } from "../model/taskEvent.ts";
import { FinishedBatch } from "./finishedBatch.ts";
import { noticeOf, noticeText, type Notice } from "./notices.ts";
import { isToldByStop, newStop } from "./queueMessage.ts";

/** The first notice comes at once; what follows within this time comes as one. */
const mergeMs = 10_000;

/** Interrupts the user only when a task failed for good or waits for an answer, the queue stopped by itself, or a batch is finished. */
export class Notifications implements Disposable {
  readonly #isShown: (id: TaskId) => boolean;
  readonly #show: Throttled;
  #waiting: Notice[] = [];
  #subscriptions: readonly Disposable[] = [];
  #queue: QueueStatus = { limits: [] };
  #toldStop: number | undefined;
  #engine: FollowedEngine | undefined;
  readonly #batch: FinishedBatch;

  /** `isShown` tells whether the user is looking at the task's run view. */
  constructor(isShown: (id: TaskId) => boolean) {
    this.#isShown = isShown;
    this.#show = throttle(mergeMs, () => this.#showWaiting());
    this.#batch = new FinishedBatch(
      () => (this.#engine?.running.length ?? 0) > 0,
      (notices) => tell("information", noticeText(notices), buttonsOf(notices)),
    );
  }

  /** Somebody else tells how what runs now went, until disposed. */
  muteFinished(): Disposable {
    return this.#batch.mute();
  }

  /** Listens to an engine; undefined to nobody. */
  follow(engine: FollowedEngine | undefined): void {
    this.#engine = engine;
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
    this.#batch.dispose();
  }

  #hear(changes: readonly TaskChange[]): void {
    const notices = changes.map(noticeOf).filter((notice) => notice !== undefined);
    const unseen = notices.filter((notice) => !(window.state.focused && this.#isShown(notice.taskId)) && !isToldByStop(notice, this.#queue));
    const urgent = unseen.filter(({ kind }) => kind !== "finished");
    if (urgent.length > 0) {
      this.#waiting.push(...urgent);
      this.#show();
    }
    // What other windows run is theirs to tell.
    for (const notice of unseen) if (notice.kind === "finished" && this.#engine?.running.includes(notice.taskId) === true) this.#batch.add(notice);
    if (changes.some(({ event }) => endsToolCalls(event))) this.#batch.runEnded();
  }

  #showWaiting(): void {
    const notices = this.#waiting;
    this.#waiting = [];
    const [first] = notices;
    if (first !== undefined) tell("warning", noticeText(notices), buttonsOf(notices));
  }
}

type FollowedEngine = Pick<TaskEngineFacade, "onDidChange" | "running">;

function buttonsOf(notices: readonly Notice[]): readonly MessageButton[] {
  const [first] = notices;
  if (first !== undefined && notices.length === 1) return buttonsFor(first);
  return notices.every(({ kind }) => kind === "finished") ? [showTasksButton] : [showTasksButton, showLogButton];
}

function buttonsFor({ kind, taskId, questionId }: Notice): readonly MessageButton[] {
  const openRun: MessageButton = [t("Open Run"), () => commands.executeCommand(commandIds.openRun, taskId)];
  const retry: MessageButton = [t("Retry"), () => commands.executeCommand(commandIds.retryTask, taskId)];
  if (kind === "failed") return [openRun, retry, showLogButton];
  if (questionId === undefined) return [openRun];
  const allow: MessageButton = [t("Allow Once"), () => commands.executeCommand(commandIds.allowOnce, { taskId, questionId })];
  const reject: MessageButton = [t("Reject"), () => commands.executeCommand(commandIds.rejectStep, { taskId, questionId })];
  return [allow, reject, openRun];
}
