import type { AttemptStep } from "../../model/task.ts";
import type { TaskEvent, TaskEventType } from "../../model/taskEvent.ts";
import type { LineRow, LineTone } from "./rows.ts";
import { formatTime } from "./text.ts";

type Line = Pick<LineRow, "tone" | "text" | "details">;
type Lines = { readonly [T in TaskEventType]?: (event: Extract<TaskEvent, { type: T }>) => Line };

const stepWords: { readonly [S in AttemptStep]: string } = {
  prepared: "Branch and worktree are ready",
  session: "Goose session opened",
  agent_finished: "Goose has finished",
  verified: "The work was checked",
  committed: "The work was committed",
  pushed: "The branch was pushed",
  acknowledged: "The result was recorded",
};

/** What another session checkpoint of the same attempt means. */
export const goesOn = "Goose goes on";

const logTones: { readonly [L in Extract<TaskEvent, { type: "log" }>["level"]]: LineTone } = { debug: "quiet", info: "quiet", warn: "warning", error: "bad" };

const answerWords = { allow_once: "Allowed once", allow_for_task: "Allowed for this task", reject: "Rejected" } as const;

const line = (tone: LineTone, text: string, details?: string): Line => ({ tone, text, details });
/** Says it once where the reason itself begins with what happened. */
const because = (what: string, reason: string): string => {
  if (reason === "") return what;
  return reason.toLowerCase().startsWith(`${what.toLowerCase()} `) ? reason : `${what}: ${reason}`;
};
const longestSummary = 200;

const lines: Lines = {
  created: () => line("quiet", "Task added"),
  started: ({ attempt }) => line("info", `Attempt ${attempt} started`),
  paused: ({ reason }) => line("warning", because("Paused", reason)),
  resumed: () => line("info", "Resumed"),
  stopped: ({ reason }) => line("warning", because("Stopped", reason)),
  completed: ({ summary, unblocked }) =>
    line("good", because("Done", firstLine(summary)), unblocked.length === 0 ? undefined : `Unblocked: ${unblocked.join(", ")}`),
  error: ({ message, details, willRetryAt }) =>
    line("bad", `${message}${willRetryAt === undefined ? "" : ` Next try at ${formatTime(willRetryAt)}.`}`, details),
  cancelled: ({ reason }) => line("warning", because("Cancelled", reason)),
  requeued: ({ reason }) => line("info", because("Back in the queue", reason)),
  blocked: ({ by }) => line("warning", `Waits for ${by.join(", ")}`),
  unblocked: ({ by }) => line("info", by === undefined ? "No longer waits" : `No longer waits: ${by} is done`),
  dependencies: ({ dependsOn }) => line("info", dependsOn.length === 0 ? "Depends on nothing now" : `Depends on ${dependsOn.join(", ")} now`),
  requested: ({ request }) => line("quiet", `Asked the process that runs it to ${request}`),
  checkpoint: ({ step }) => line("quiet", stepWords[step]),
  log: ({ level, message }) => line(logTones[level], message),
  answer: ({ answer: { decision, note }, by }) => {
    const what = by === "timeout" ? "Nobody answered: rejected" : answerWords[decision];
    const said = note === undefined ? "" : firstLine(note);
    return line(decision === "reject" ? "warning" : "info", said === "" ? what : `${what}: ${said}`, said === note?.trim() ? undefined : note);
  },
  compacted: ({ removed }) => line("quiet", `${removed} older ${removed === 1 ? "entry" : "entries"} of this log ${removed === 1 ? "was" : "were"} removed`),
  attention: ({ attention }) => (attention === null ? line("info", "No longer needs you") : line("warning", because("Needs you", attention.message))),
};

/** What the rows before an event tell. */
export interface Before {
  /** What Goose said last. */
  readonly said: string;
  /** Goose had a session in this attempt already. */
  readonly hasSession: boolean;
}

/** The line that an event leaves in the log; undefined for those that show elsewhere. */
export function lineOf(event: TaskEvent, { said, hasSession }: Before): Line | undefined {
  // The summary is there already, right above.
  if (event.type === "completed" && event.summary.trim() === said.trim()) event = { ...event, summary: "" };
  if (hasSession && event.type === "checkpoint" && event.step === "session") return line("quiet", goesOn);
  const make = lines[event.type] as ((event: TaskEvent) => Line) | undefined;
  return make?.(event);
}

function firstLine(text: string): string {
  const [first = ""] = text.trim().split("\n", 1);
  return first.length <= longestSummary ? first : `${first.slice(0, longestSummary - 1)}…`;
}
