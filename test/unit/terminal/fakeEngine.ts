import type { BudgetUse } from "../../../src/model/budget.ts";
import { Emitter } from "../../../src/base/event.ts";
import type { DependencyChange, NewTask, RunCriteria, RunningTask, TaskChange, TaskEngineFacade } from "../../../src/engine/facade.ts";
import type { EventQuery } from "../../../src/engine/ports.ts";
import { blockersOf, unblockedBy, type Blocker } from "../../../src/model/dependencies.ts";
import { TaskMasterError, type ErrorCode } from "../../../src/model/errors.ts";
import { type TaskId, makeTaskId } from "../../../src/model/ids.ts";
import type { Attempt, Task } from "../../../src/model/task.ts";
import type { QueueStatus } from "../../../src/model/queueStatus.ts";
import type { PermissionAnswer } from "../../../src/model/permission.ts";
import type { TaskEvent, TaskEventBody } from "../../../src/model/taskEvent.ts";
import { taskRow } from "../../helpers/taskRow.ts";

/** A ready task with what a test gives it. */
export function makeTask(fields: Partial<Task> = {}): Task {
  return taskRow({ id: "aaaaaaaa" as TaskId, title: "Fix the login", repository: "/repo", ...fields });
}

/** An engine whose runs end as the test says. */
export class FakeEngine implements TaskEngineFacade {
  readonly changes = new Emitter<readonly TaskChange[]>();
  readonly onDidChange = this.changes.event;
  readonly removals = new Emitter<readonly TaskId[]>();
  readonly onDidRemove = this.removals.event;
  readonly tasks = new Map<TaskId, Task>();
  readonly journal: TaskEvent[] = [];
  readonly attemptRows: Attempt[] = [];
  readonly calls: string[] = [];
  /** What a run does to a task; it may publish events of its own. */
  work: (id: TaskId) => Promise<void> = (id) => Promise.resolve(this.finish(id));
  running: TaskId[] = [];
  queue: QueueStatus = { limits: [] };
  readonly queueChanges = new Emitter<QueueStatus>();
  readonly onDidChangeQueue = this.queueChanges.event;
  budgets: readonly BudgetUse[] = [];
  disposeCount = 0;
  #random = 0;

  add(fields: Partial<Task> = {}): Task {
    const task = makeTask(fields);
    this.tasks.set(task.id, task);
    return task;
  }

  /** Changes a task and publishes the event that says so. */
  publish(id: TaskId, body: TaskEventBody, fields: Partial<Task> = {}): void {
    const task = { ...this.#task(id), ...fields };
    this.tasks.set(id, task);
    const seq = this.journal.filter((event) => event.taskId === id).length + 1;
    const event: TaskEvent = { ...body, taskId: id, seq, attempt: task.attempts, at: 5_000 };
    this.journal.push(event);
    this.changes.fire([{ name: `task:${event.type}`, event, task }]);
  }

  finish(id: TaskId): void {
    this.publish(id, { type: "completed", summary: "All done.", unblocked: [] }, { status: "done", branch: `tm/${id}` });
  }

  fail(id: TaskId, code: ErrorCode): void {
    this.publish(id, { type: "error", code, message: "It broke." }, { status: "failed" });
  }

  budget(): Promise<readonly BudgetUse[]> {
    return Promise.resolve(this.budgets);
  }

  enqueue(input: NewTask): Promise<Task> {
    const id = makeTaskId(() => (this.#random = (this.#random + 0.37) % 1));
    this.calls.push(`enqueue ${JSON.stringify(input)}`);
    return Promise.resolve(this.add({ ...input, id }));
  }

  list(): Promise<readonly Task[]> {
    return Promise.resolve([...this.tasks.values()]);
  }

  get(id: TaskId): Promise<Task> {
    return this.find(id);
  }

  attempts(): Promise<readonly Attempt[]> {
    return Promise.resolve(this.attemptRows);
  }

  events(id: TaskId, { afterSeq = 0, limit }: EventQuery): Promise<readonly TaskEvent[]> {
    return Promise.resolve(this.journal.filter((event) => event.taskId === id && event.seq > afterSeq).slice(0, limit));
  }

  async find(idOrPrefix: string): Promise<Task> {
    const found = [...this.tasks.values()].filter(({ id }) => id.startsWith(idOrPrefix));
    if (found[0] === undefined) throw new TaskMasterError("TASK_NOT_FOUND", `No task ${idOrPrefix}.`);
    if (found.length > 1) throw new TaskMasterError("INVALID_INPUT", `${idOrPrefix} is ambiguous.`);
    return found[0];
  }

  runNext(_criteria?: RunCriteria): Promise<RunningTask | undefined> {
    const next = [...this.tasks.values()].find(({ status }) => status === "todo");
    return next === undefined ? Promise.resolve(undefined) : this.run(next.id);
  }

  async run(id: TaskId): Promise<RunningTask> {
    const task = this.#task(id);
    if (task.status !== "todo") throw new TaskMasterError("ILLEGAL_TRANSITION", `A task that is ${task.status} cannot be run.`);
    this.calls.push(`run ${id}`);
    // Like the real one: the claim is published before the engine knows the run.
    this.publish(id, { type: "started", owner: "me" }, { status: "in_progress", lease: { owner: "me", token: 1, expiresAt: 9 } });
    this.running.push(id);
    return { task: this.#task(id), finished: this.#finished(id) };
  }

  async runAll(): Promise<readonly TaskId[]> {
    const ids: TaskId[] = [];
    for (let run = await this.runNext(); run !== undefined; run = await this.runNext()) ids.push((await run.finished).id);
    return ids;
  }

  queueStatus(): Promise<QueueStatus> {
    return Promise.resolve(this.queue);
  }

  async answer(id: TaskId, answer: PermissionAnswer): Promise<void> {
    const { attention: _, ...task } = await this.get(id);
    this.tasks.set(id, task);
    this.calls.push(`answer ${id} ${JSON.stringify(answer)}`);
  }

  resumeQueue(): Promise<void> {
    this.calls.push("resumeQueue");
    this.queue = { limits: [] };
    return Promise.resolve();
  }

  async say(id: TaskId, text: string): Promise<void> {
    await this.#call(`say ${JSON.stringify(text)}`, id);
    const { status } = this.#task(id);
    if (status === "done" || status === "failed") this.publish(id, { type: "requeued", reason: "more to say" }, { status: "todo" });
  }

  stopToolCall = (id: TaskId, toolCallId: string): Promise<void> => this.#call(`stopToolCall ${toolCallId}`, id);
  pause = (id: TaskId): Promise<void> => this.#call("pause", id);
  stop = (id: TaskId): Promise<void> => this.#call("stop", id);
  cancel = (id: TaskId): Promise<void> => this.#call("cancel", id);
  startAgain = (id: TaskId): Promise<void> => this.#call("startAgain", id);
  retry = (id: TaskId): Promise<void> => this.#call("retry", id);

  async changeDependencies(id: TaskId, { add = [], drop = [] }: DependencyChange): Promise<Task> {
    await this.#call(`add [${add.join()}] drop [${drop.join()}]`, id);
    return this.#task(id);
  }

  async blockers(id: TaskId): Promise<readonly Blocker[]> {
    return blockersOf(this.#task(id), (other) => this.tasks.get(other));
  }

  async whatWouldUnblock(id: TaskId): Promise<readonly Task[]> {
    const dependants = [...this.tasks.values()].filter(({ dependsOn }) => dependsOn.includes(id));
    return unblockedBy(id, dependants, (other) => this.tasks.get(other));
  }

  async remove(id: TaskId): Promise<void> {
    const attempt = this.#task(id).attempts;
    this.calls.push(`remove ${id}`);
    this.tasks.delete(id);
    const own = this.journal.filter((event) => event.taskId === id);
    this.journal.splice(0, this.journal.length, ...this.journal.filter((event) => event.taskId !== id));
    this.journal.push({ type: "removed", taskId: id, seq: own.length + 1, attempt, at: 5_000 });
    this.removals.fire([id]);
  }

  /** Continues here when the test put the task into `running` by `work`. */
  async resume(id: TaskId): Promise<void> {
    await this.#call("resume", id);
    this.running.push(id);
    this.publish(id, { type: "resumed", owner: "me" }, { status: "in_progress" });
    void this.#finished(id);
  }

  async #finished(id: TaskId): Promise<Task> {
    await Promise.resolve();
    await this.work(id);
    this.running = this.running.filter((each) => each !== id);
    return this.#task(id);
  }

  #call(verb: string, id: TaskId): Promise<void> {
    this.calls.push(`${verb} ${id}`);
    return Promise.resolve();
  }

  #task(id: TaskId): Task {
    const task = this.tasks.get(id);
    if (task === undefined) throw new TaskMasterError("TASK_NOT_FOUND", `No task ${id}.`);
    return task;
  }
}
