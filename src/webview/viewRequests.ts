import type { TaskEngineFacade } from "../engine/facade.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import type { PermissionAnswer } from "../model/permission.ts";
import { legalActions, type TaskAction } from "../model/taskActions.ts";
import type { Log } from "../platform/logger.ts";
import { parseViewMessage, type HostToView, type ViewToHost } from "../protocol/hostWebview.ts";
import type { BudgetFeed } from "./budgetFeed.ts";
import type { PlaceInJournal } from "./findPlace.ts";
import type { RunSearch } from "./runSearch.ts";
import type { RunStream } from "./runStream.ts";

/** What the messages of a run view come to. None of it takes a task, a path or a command from the page. */
export interface ViewRequestPorts {
  readonly taskId: TaskId;
  readonly engine: () => Promise<Pick<TaskEngineFacade, "get" | "stopToolCall" | "answer">>;
  readonly perform: (action: TaskAction, id: TaskId) => Promise<void>;
  readonly say: (id: TaskId, text: string) => Promise<void>;
  readonly stream: Pick<RunStream, "ready" | "show" | "reading" | "loadOlder" | "loadNewer" | "refreshTask">;
  readonly search: Pick<RunSearch, "find" | "end">;
  readonly budget: Pick<BudgetFeed, "ready">;
  /** The answer to everything that was understood. */
  readonly sayAlive: () => void;
  readonly post: (message: HostToView) => void;
  readonly openPlace: (place: PlaceInJournal) => Promise<void>;
  readonly openLink: (url: string) => void;
  readonly tellError: (thrown: unknown) => void;
  readonly log: Pick<Log, "warn">;
}

/** Obeys the page of one task, which may have been taken over by what it shows. */
export class ViewRequests {
  readonly #ports: ViewRequestPorts;
  #dropped = 0;

  constructor(ports: ViewRequestPorts) {
    this.#ports = ports;
  }

  /** Messages that did not fit. */
  get dropped(): number {
    return this.#dropped;
  }

  receive(raw: unknown): void {
    const message = parseViewMessage(raw);
    if (message === undefined) return this.#drop();
    this.#ports.sayAlive();
    this.#obey(message);
  }

  /** Told when their number has doubled, so that a page cannot fill the log. */
  #drop(): void {
    this.#dropped++;
    if ((this.#dropped & (this.#dropped - 1)) !== 0) return;
    this.#ports.log.warn("dropped a malformed message of the run view", { taskId: this.#ports.taskId, dropped: this.#dropped });
  }

  #obey(message: ViewToHost): void {
    const { stream, search, budget, openPlace, openLink, tellError } = this.#ports;
    switch (message.type) {
      case "ready":
        if (message.lastSeq === undefined) budget.ready();
        return stream.ready(message.lastSeq);
      case "show":
        budget.ready();
        return stream.show(message.seq);
      case "reading":
        return stream.reading();
      case "loadOlder":
        return stream.loadOlder(message.beforeSeq);
      case "loadNewer":
        return stream.loadNewer(message.afterSeq);
      case "action":
        return void this.#act(message.action);
      case "say":
        return void this.#say(message.text);
      case "stopToolCall":
        return void this.#stopToolCall(message.toolCallId);
      case "find":
        return void search.find(message.id, message.text).catch(tellError);
      case "endFind":
        return search.end();
      case "openPlace":
        return void openPlace(message).catch(tellError);
      case "openLink":
        return openLink(message.url);
      case "answer":
        return void this.#answer(message.answer);
    }
  }

  async #act(action: TaskAction): Promise<void> {
    const { engine, taskId, perform, stream, tellError } = this.#ports;
    try {
      const { status } = await (await engine()).get(taskId);
      // A button of an outdated page is no error: the page only has to hear how things stand.
      if (legalActions(status).includes(action)) await perform(action, taskId);
    } catch (thrown) {
      tellError(thrown);
    } finally {
      stream.refreshTask();
    }
  }

  async #answer(answer: PermissionAnswer): Promise<void> {
    const { engine, taskId, stream, tellError } = this.#ports;
    try {
      await (await engine()).answer(taskId, answer);
    } catch (thrown) {
      tellError(thrown);
    } finally {
      stream.refreshTask();
    }
  }

  /** What was refused stays in the page's field, with the reason under it. */
  async #say(text: string): Promise<void> {
    const { say, taskId, post, stream } = this.#ports;
    try {
      await say(taskId, text);
      post({ type: "said" });
    } catch (thrown) {
      post({ type: "said", error: toTaskMasterError(thrown).message });
    } finally {
      stream.refreshTask();
    }
  }

  async #stopToolCall(toolCallId: string): Promise<void> {
    try {
      await (await this.#ports.engine()).stopToolCall(this.#ports.taskId, toolCallId);
    } catch (thrown) {
      this.#ports.tellError(thrown);
    }
  }
}
