import { abortable } from "../base/abort.ts";
import { type ErrorCode, toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { whatIsLeft } from "../model/leftover.ts";
import type { QueueStatus } from "../model/queueStatus.ts";
import type { Task } from "../model/task.ts";
import { reportTask } from "./changeTask.ts";
import { cleanLine } from "./cleanText.ts";
import type { VerbContext } from "./context.ts";
import { exitCodeOfRun, exitCodes } from "./exitCodes.ts";
import type { RunCommand } from "./parseArguments.ts";
import { reportQueue, watchQueue } from "./queueText.ts";
import { RunWatch } from "./runWatch.ts";
import { localTime, paintStatus, taskName } from "./taskText.ts";

/** run: runs the next task, all ready ones, or the named ones one after the other, and tells what happens. */
export async function runTasks(context: VerbContext, { select, criteria }: RunCommand): Promise<number> {
  // All names are checked before anything runs.
  const tasks: Task[] = [];
  if (typeof select !== "string") for (const id of select) tasks.push(await context.engine.find(id));
  const watch = new RunWatch(context, { withIds: select === "all" || tasks.length > 1 });
  const refused: ErrorCode[] = [];
  const queue = watchQueue(context);
  try {
    await untilSignal(context, async () => {
      if (select === "all") await updateAll(context, watch, await context.engine.runAll(criteria));
      else if (select === "next") await runOne(watch, await context.engine.runNext(criteria));
      else refused.push(...(await runEach(context, watch, tasks)));
    });
  } finally {
    queue.dispose();
    watch.dispose();
  }
  return summarize(context, watch, refused);
}

/** resume: continues a paused task; when its run goes on in this process, follows it to its end. */
export async function resumeTask(context: VerbContext, idOrPrefix: string): Promise<number> {
  const { engine } = context;
  const { id } = await engine.find(idOrPrefix);
  const watch = new RunWatch(context, { withIds: false });
  try {
    let isHere = false;
    await untilSignal(context, async () => {
      await engine.resume(id);
      isHere = engine.running.includes(id);
      const task = await engine.get(id);
      if (!isHere) return reportTask(context, task);
      watch.adopt(task);
      await watch.ended(id);
      watch.update(await engine.get(id));
    });
    if (!isHere) return exitCodes.ok;
  } finally {
    watch.dispose();
  }
  return summarize(context, watch, []);
}

/** After a signal the work is not waited for: closing the queue lets the tasks keep their place. */
async function untilSignal({ signal, close }: VerbContext, work: () => Promise<void>): Promise<void> {
  try {
    await abortable(work(), signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    await close();
  }
}

async function runOne(watch: RunWatch, run: Awaited<ReturnType<VerbContext["engine"]["runNext"]>>): Promise<void> {
  if (run === undefined) return;
  watch.adopt(run.task);
  watch.update(await run.finished);
}

/** What was removed after its run stays as it was last seen. */
async function updateAll({ engine }: VerbContext, watch: RunWatch, ids: readonly TaskId[]): Promise<void> {
  const tasks = new Map((await engine.list()).map((task) => [task.id, task]));
  for (const id of ids) {
    const task = tasks.get(id);
    if (task !== undefined) watch.update(task);
  }
}

/** A task that cannot run is told and passed over; alone it ends the verb. */
async function runEach({ engine, output, signal }: VerbContext, watch: RunWatch, tasks: readonly Task[]): Promise<readonly ErrorCode[]> {
  const refused: ErrorCode[] = [];
  for (const { id } of tasks) {
    if (signal.aborted) break;
    try {
      await runOne(watch, await engine.run(id));
    } catch (thrown) {
      if (tasks.length === 1 || signal.aborted) throw thrown;
      refused.push(toTaskMasterError(thrown).code);
      output.error(thrown);
    }
  }
  return refused;
}

async function summarize({ engine, output, signal, stdoutClosed }: VerbContext, watch: RunWatch, refused: readonly ErrorCode[]): Promise<number> {
  // After a signal the queue is closed.
  const status: QueueStatus = signal.aborted ? { limits: [] } : await engine.queueStatus();
  reportQueue(output, status);
  const ran = watch.tasks;
  const failed = ran.filter(({ status }) => status !== "done");
  output.record("summary", {
    ran: ran.map((task) => ({ id: task.id, status: task.status, branch: task.branch ?? null, errorCode: errorCode(watch, task) ?? null })),
    done: ran.length - failed.length,
    failed: failed.length + refused.length,
  });
  if (ran.length === 0 && refused.length === 0) output.line(signal.aborted ? "No task was run." : whatIsLeft(await engine.list(), Date.now(), localTime));
  else output.line("");
  for (const task of ran) {
    const branch = task.branch === undefined ? "" : `  ${output.paint.dim(`branch ${cleanLine(task.branch)}`)}`;
    output.line(`${paintStatus(task.status, output.paint, 11)} ${taskName(task)}${branch}`);
  }
  if (stdoutClosed.aborted) tellPaused(output, failed);
  const stopped = status.stop?.failures.at(-1)?.code;
  return exitCodeOfRun([...failed.map((task) => errorCode(watch, task)), ...refused, ...(stopped === undefined ? [] : [stopped])]);
}

/** Nobody sees the summary then: without a word the tasks would seem to be lost. */
function tellPaused(output: VerbContext["output"], tasks: readonly Task[]): void {
  for (const { id, status } of tasks) {
    if (status === "paused") output.note(`The reader of the output went away: ${id} is paused and keeps its place (task-master-goose resume ${id}).`);
  }
}

function errorCode(watch: RunWatch, task: Task): ErrorCode | undefined {
  return task.status === "done" ? undefined : watch.errorOf(task);
}
