/** What must hold of a queue at any moment and after any crash, found from the database and the effects alone. */
import { DatabaseSync } from "node:sqlite";
import type { TaskId } from "../../src/model/ids.ts";
import type { Attempt, Task } from "../../src/model/task.ts";
import { decodeAttempt, decodeEvent, decodeTask } from "../../src/store/rowCodec.ts";
import { trailerOf } from "./fakeWorld.ts";
import { replay, type WrittenEvent } from "./replay.ts";

/** Where to look and what to expect. */
export interface Inspection {
  readonly database: string;
  readonly effects: string;
  /** The tasks whose insertion was confirmed. */
  readonly ids: readonly TaskId[];
  /** Whether everything has come to rest: then every task is done. */
  readonly isSettled: boolean;
}

/** What an inspection found. */
export interface Findings {
  readonly violations: readonly string[];
  readonly events: number;
  readonly attempts: number;
  /** Takeovers of attempts whose process was gone, and attempts begun anew. */
  readonly resumptions: number;
  /** Turns of the agent that did not come to their end. */
  readonly interruptedTurns: number;
  /** Commits that were found by their trailer instead of being made again. */
  readonly commitsFound: number;
}

interface Snapshot {
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly attempts: ReadonlyMap<TaskId, readonly Attempt[]>;
  readonly events: readonly WrittenEvent[];
  readonly journals: ReadonlyMap<TaskId, readonly WrittenEvent[]>;
  /** Commits by their trailer. */
  readonly commits: ReadonlyMap<string, readonly string[]>;
  readonly interruptedTurns: number;
  readonly commitsFound: number;
}

/** Looks at the queue in one read transaction. */
export function inspect({ database, effects, ids, isSettled }: Inspection): Findings {
  const snapshot = read(database, effects);
  const violations = [...snapshot.tasks.values()].flatMap((task) => ofTask(task, snapshot).map((what) => `task ${task.id}: ${what}`));
  for (const id of ids) if (!snapshot.tasks.has(id)) violations.push(`task ${id}: lost`);
  violations.push(...ofDependants(snapshot), ...ofCommits(snapshot));
  if (isSettled) for (const { id, status } of snapshot.tasks.values()) if (status !== "done") violations.push(`task ${id}: ends as ${status}`);
  return {
    violations,
    events: snapshot.events.length,
    attempts: [...snapshot.attempts.values()].flat().length,
    resumptions: snapshot.events.filter(({ type }) => type === "resumed").length,
    interruptedTurns: snapshot.interruptedTurns,
    commitsFound: snapshot.commitsFound,
  };
}

function read(database: string, effects: string): Snapshot {
  using db = new DatabaseSync(database);
  using made = new DatabaseSync(effects);
  for (const each of [db, made]) each.exec("PRAGMA busy_timeout = 5000; BEGIN");
  // The queue first: what it says was committed must be among the effects.
  const tasks = db.prepare("SELECT * FROM tasks").all().map(decodeTask);
  const attempts = db.prepare("SELECT * FROM attempts ORDER BY task_id, number").all().map(decodeAttempt);
  const rows = db.prepare("SELECT * FROM events ORDER BY id").all();
  const events: WrittenEvent[] = rows.map((row) => ({ ...decodeEvent(row), id: Number(row["id"]), writer: String(row["writer"]) }));
  const commits = made.prepare("SELECT trailer, sha FROM commits").all();
  const count = (of: string): number => Number(made.prepare(`SELECT count(*) AS count FROM ${of}`).get()?.["count"]);
  return {
    tasks: new Map(tasks.map((task) => [task.id, task])),
    attempts: Map.groupBy(attempts, ({ taskId }) => taskId),
    events,
    journals: Map.groupBy(events, ({ taskId }) => taskId),
    commits: new Map([...Map.groupBy(commits, (row) => String(row["trailer"]))].map(([trailer, all]) => [trailer, all.map((row) => String(row["sha"]))])),
    interruptedTurns: count("turns WHERE ended = 0"),
    commitsFound: count("found"),
  };
}

function ofTask(task: Task, snapshot: Snapshot): string[] {
  const journal = snapshot.journals.get(task.id) ?? [];
  const { statuses, impossible } = replay(journal);
  const found = [...impossible];
  const count = (type: WrittenEvent["type"]): number => journal.filter((event) => event.type === type).length;
  if (!statuses.includes(task.status)) found.push(`is ${task.status}, its journal says ${statuses.join(" or ")}`);
  if (count("completed") !== (task.status === "done" ? 1 : 0)) found.push(`is ${task.status} with ${count("completed")} completions`);
  if (count("started") !== task.attempts) found.push(`${task.attempts} attempts, begun ${count("started")} times`);
  return [...found, ...ofLease(task), ...ofAttempts(task, snapshot), ...ofDependencies(task, snapshot)];
}

function ofLease({ status, lease, fence }: Task): string[] {
  const isUnderWay = status === "in_progress" || status === "paused";
  const found: string[] = [];
  if (status === "in_progress" && lease === undefined) found.push("runs without a lease");
  if (!isUnderWay && lease !== undefined) found.push(`is ${status} with a lease`);
  if (lease !== undefined && lease.token !== fence) found.push(`has a lease with token ${lease.token} behind the fence ${fence}`);
  return found;
}

function ofAttempts(task: Task, { attempts, commits }: Snapshot): string[] {
  const all = attempts.get(task.id) ?? [];
  const found: string[] = [];
  if (all.length !== task.attempts || all.some(({ number }, index) => number !== index + 1)) found.push(`attempts ${all.map(({ number }) => number).join()}`);
  const isUnderWay = task.status === "in_progress" || task.status === "paused";
  const running = all.filter(({ outcome }) => outcome === "running");
  if (running.length !== (isUnderWay ? 1 : 0) || running.some((attempt) => attempt !== all.at(-1)))
    found.push(`is ${task.status} with ${running.length} running attempts`);
  const completed = all.filter(({ outcome }) => outcome === "completed");
  if (completed.length !== (task.status === "done" ? 1 : 0)) found.push(`is ${task.status} with ${completed.length} completed attempts`);
  for (const attempt of completed) {
    const made = commits.get(trailerOf(task.id, attempt.number)) ?? [];
    if (made.length !== 1 || attempt.commits.join() !== made.join())
      found.push(`attempt ${attempt.number} recorded commits ${attempt.commits.join()}, made ${made.join()}`);
  }
  return found;
}

function ofDependencies(task: Task, { tasks, journals, events }: Snapshot): string[] {
  if (task.dependsOn.length === 0) return [];
  const found: string[] = [];
  const open = task.dependsOn.filter((id) => tasks.get(id)?.status !== "done");
  if (task.status === "todo" && open.length > 0) found.push(`is ready while ${open.join()} is open`);
  if (task.status === "blocked" && open.length === 0) found.push("is blocked by nothing");
  const journal = journals.get(task.id) ?? [];
  const freed = journal.filter(({ type }) => type === "unblocked").length;
  const told = events.filter((event) => event.type === "completed" && event.unblocked.includes(task.id)).length;
  if (freed > 1 || told > freed) found.push(`was unblocked ${freed} times, told ${told} times`);
  const start = journal.find(({ type }) => type === "started");
  const lastEnd = Math.max(...task.dependsOn.map((id) => journals.get(id)?.find(({ type }) => type === "completed")?.id ?? Infinity));
  if (start !== undefined && start.id < lastEnd) found.push("began before what it depends on was done");
  return found;
}

function ofDependants({ events, journals }: Snapshot): string[] {
  return events.flatMap((event) => {
    if (event.type !== "completed") return [];
    const silent = event.unblocked.filter((id) => !journals.get(id)?.some((other) => other.type === "unblocked" && other.by === event.taskId));
    return silent.map((id) => `task ${id}: its journal does not tell that ${event.taskId} unblocked it`);
  });
}

function ofCommits({ commits }: Snapshot): string[] {
  return [...commits].filter(([, made]) => made.length > 1).map(([trailer, made]) => `attempt ${trailer}: ${made.length} commits`);
}
