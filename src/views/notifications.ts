import { commands, window } from "vscode";
import type { Disposable } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import { commandIds, treeViewId } from "../model/identifiers.ts";
import type { TaskId } from "../model/ids.ts";
import { showLogButton, tell, type MessageButton } from "../platform/messages.ts";
import { throttle, type Throttled } from "../platform/throttle.ts";
import { noticeOf, noticeText, type Notice } from "./notices.ts";

/** The first notice comes at once; what follows within this time comes as one. */
const mergeMs = 10_000;

/** Interrupts the user only when a task failed for good or waits for an answer. */
export class Notifications implements Disposable {
  readonly #isShown: (id: TaskId) => boolean;
  readonly #show: Throttled;
  #waiting: Notice[] = [];
  #subscription: Disposable | undefined;

  /** `isShown` tells whether the user is looking at the task's run view. */
  constructor(isShown: (id: TaskId) => boolean) {
    this.#isShown = isShown;
    this.#show = throttle(mergeMs, () => this.#showWaiting());
  }

  /** Listens to an engine; undefined to nobody. */
  follow(engine: Pick<TaskEngineFacade, "onDidChange"> | undefined): void {
    this.#subscription?.dispose();
    this.#subscription = engine?.onDidChange((changes) => {
      const notices = changes.map(noticeOf).filter((notice) => notice !== undefined);
      const unseen = notices.filter(({ taskId }) => !(window.state.focused && this.#isShown(taskId)));
      if (unseen.length === 0) return;
      this.#waiting.push(...unseen);
      this.#show();
    });
  }

  dispose(): void {
    this.#subscription?.dispose();
    this.#show.dispose();
  }

  #showWaiting(): void {
    const notices = this.#waiting;
    this.#waiting = [];
    const [first] = notices;
    if (first !== undefined)
      tell(
        "warning",
        noticeText(notices),
        notices.length === 1 ? buttonsFor(first) : [["Show Tasks", () => commands.executeCommand(`${treeViewId}.focus`)], showLogButton],
      );
  }
}

function buttonsFor({ kind, taskId }: Notice): readonly MessageButton[] {
  const openRun: MessageButton = ["Open Run", () => commands.executeCommand(commandIds.openRun, taskId)];
  const retry: MessageButton = ["Retry", () => commands.executeCommand(commandIds.retryTask, taskId)];
  return kind === "failed" ? [openRun, retry, showLogButton] : [openRun];
}
