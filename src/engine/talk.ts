/** What a person says to the agent of a task, and which of its tool calls shall end. */
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import { makeTaskId, type TaskId } from "../model/ids.ts";
import type { Task } from "../model/task.ts";
import { statusWords } from "../model/taskActions.ts";
import type { TaskEventBody } from "../model/taskEvent.ts";
import { checkSaid, type UserMessage } from "../model/userMessage.ts";
import type { EngineDeps } from "./engineDeps.ts";
import { withMessage } from "./inbox.ts";
import type { Ledger } from "./ledger.ts";
import * as machine from "./taskMachine.ts";
import type { TaskRun } from "./taskRun.ts";
import { assertTrusted } from "./trust.ts";

const maxToolCallId = 256;
/** So many entries of tool calls are looked through for the one that is to end, the newest first, page by page. */
const page = 1_000;
const maxPages = 20;

/** Takes what a person says to the tasks of one engine. */
export class TalkDesk {
  readonly #deps: EngineDeps;
  readonly #ledger: Ledger;
  /** The runs of this process. */
  readonly #runs: ReadonlyMap<TaskId, TaskRun>;

  constructor(deps: EngineDeps, ledger: Ledger, runs: ReadonlyMap<TaskId, TaskRun>) {
    this.#deps = deps;
    this.#ledger = ledger;
    this.#runs = runs;
  }

  /** Stores the words; whoever runs the task, here or in another process, then tells them to its agent. */
  readonly say = async (id: TaskId, raw: string): Promise<void> => {
    const { clock, log, random } = this.#deps;
    assertTrusted(this.#deps);
    const message: UserMessage = { id: makeTaskId(random), text: checkSaid(raw), at: clock.now() };
    await this.#ledger.change(id, (row) => {
      const isOver = machine.isLegal(row.status, "followUp");
      const task = withMessage(isOver ? machine.followUp(row, clock.now()) : { ...row, updatedAt: clock.now() }, message);
      const requeued: TaskEventBody[] = isOver ? [{ type: "requeued", reason: "The user has more to say: a new attempt goes on in the same session." }] : [];
      return { task, events: [{ type: "said", message }, ...requeued] };
    });
    try {
      await this.#runs.get(id)?.hear();
    } catch (thrown) {
      // They are stored, and told with the next prompt at the latest.
      log.warn("words of the user could not be told at once", { task: id, error: toTaskMasterError(thrown).message });
    }
  };

  /** Asks whoever runs the task to end a tool call. */
  readonly stopToolCall = async (id: TaskId, toolCallId: string): Promise<void> => {
    assertTrusted(this.#deps);
    if (toolCallId === "" || toolCallId.length > maxToolCallId) throw new TaskMasterError("INVALID_INPUT", "That is no id of a tool call.");
    await this.#ledger.change(id, async (task) => {
      const isUnderWay = task.status === "in_progress" || task.status === "paused";
      if (isUnderWay && task.lease !== undefined) {
        await this.#assertCalled(task, toolCallId);
        return { task, events: [{ type: "stop_tool_call", toolCallId }] };
      }
      throw new TaskMasterError("ILLEGAL_TRANSITION", `Task ${task.id} is ${statusWords[task.status]} and nobody works on it: no tool call of it runs.`);
    });
    this.#runs.get(id)?.stopToolCall(toolCallId);
  };

  /** Whoever asks may have made the id up; the journal knows which calls there are. */
  async #assertCalled({ id, attempts }: Task, toolCallId: string): Promise<void> {
    let beforeSeq = Number.MAX_SAFE_INTEGER;
    for (let pages = 0; pages < maxPages; pages++) {
      const events = await this.#deps.store.events(id, { beforeSeq, types: ["tool_call"], limit: page });
      const own = events.filter(({ attempt }) => attempt === attempts);
      if (own.some((event) => event.type === "tool_call" && event.call.toolCallId === toolCallId)) return;
      const [first] = own;
      if (first === undefined || events.length < page) break;
      beforeSeq = first.seq;
    }
    throw new TaskMasterError("INVALID_INPUT", "The run has no such tool call.");
  }
}
