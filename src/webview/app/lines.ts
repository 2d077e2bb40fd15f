import { t } from "../../base/l10n.ts";
import type { AttemptStep, TaskRequest } from "../../model/task.ts";
import type { TaskEvent, TaskEventType } from "../../model/taskEvent.ts";
import type { LineRow, LineTone } from "./rows.ts";
import { formatTime } from "./text.ts";

type Line = Pick<LineRow, "tone" | "text" | "details">;
type Lines = { readonly [T in TaskEventType]?: (event: Extract<TaskEvent, { type: T }>) => Line };

const stepWords: { readonly [S in AttemptStep]: string } = {
  prepared: t("Branch and worktree are ready"),
  session: t("Session opened"),
  agent_finished: t("Goose has finished"),
  verified: t("The work was checked"),
  committed: t("The work was committed"),
  pushed: t("The branch was pushed"),
  acknowledged: t("The result was recorded"),
};

const requestWords: { readonly [R in TaskRequest]: string } = {
  pause: t("Asked the process that runs it to pause"),
  resume: t("Asked the process that runs it to resume"),
  stop: t("Asked the process that runs it to stop"),
  cancel: t("Asked the process that runs it to cancel"),
};

/** What another session checkpoint of the same attempt means. */
export const goesOn = t("Goose goes on");

const logTones: { readonly [L in Extract<TaskEvent, { type: "log" }>["level"]]: LineTone } = { debug: "quiet", info: "quiet", warn: "warning", error: "bad" };

const answerWords = { allow_once: t("Allowed once"), allow_for_task: t("Allowed for this task"), reject: t("Rejected") } as const;

const line = (tone: LineTone, text: string, details?: string): Line => ({ tone, text, details });
/** Says it once where the reason itself begins with what happened. */
const because = (what: string, reason: string, isSaid: RegExp): string => {
  if (reason === "") return what;
  return isSaid.test(reason) ? reason : `${what}: ${reason}`;
};
const longestSummary = 200;

const lines: Lines = {
  created: () => line("quiet", t("Task added")),
  started: ({ attempt }) => line("info", t("Attempt {0} started", attempt)),
  paused: ({ reason }) => line("warning", because(t("Paused"), reason, /^paused /i)),
  resumed: () => line("info", t("Resumed")),
  stopped: ({ reason }) => line("warning", because(t("Stopped"), reason, /^stopped /i)),
  completed: ({ summary, unblocked }) =>
    line("good", because(t("Done"), firstLine(summary), /^done /i), unblocked.length === 0 ? undefined : t("Unblocked: {0}", unblocked.join(", "))),
  error: ({ message, details, willRetryAt }) =>
    line("bad", willRetryAt === undefined ? message : t("{0} Next try at {1}.", message, formatTime(willRetryAt)), details),
  cancelled: ({ reason }) => line("warning", because(t("Cancelled"), reason, /^cancelled /i)),
  requeued: ({ reason }) => line("info", because(t("Back in the queue"), reason, /^back in the queue /i)),
  blocked: ({ by }) => line("warning", t("Waits for {0}", by.join(", "))),
  unblocked: ({ by }) => line("info", by === undefined ? t("No longer waits") : t("No longer waits: {0} is done", by)),
  dependencies: ({ dependsOn }) => line("info", dependsOn.length === 0 ? t("Depends on nothing now") : t("Depends on {0} now", dependsOn.join(", "))),
  requested: ({ request }) => line("quiet", requestWords[request]),
  checkpoint: ({ step }) => line("quiet", stepWords[step]),
  log: ({ level, message }) => line(logTones[level], message),
  answer: ({ answer: { decision, note }, by }) => {
    const what = by === "timeout" ? t("Nobody answered: rejected") : answerWords[decision];
    const said = note === undefined ? "" : firstLine(note);
    return line(decision === "reject" ? "warning" : "info", said === "" ? what : `${what}: ${said}`, said === note?.trim() ? undefined : note);
  },
  compacted: ({ removed }) =>
    line("quiet", t({ one: "{0} older entry of this log was removed", other: "{0} older entries of this log were removed" }, removed)),
  attention: ({ attention }) =>
    attention === null ? line("info", t("No longer needs you")) : line("warning", because(t("Needs you"), attention.message, /^needs you /i)),
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
