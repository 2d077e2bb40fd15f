/**
 * The wire between the extension (src/webview) and the run view in its frame (src/webview/app). Both sides validate what
 * they get; what does not fit is dropped and counted. Events carry the journal's numbers, so the view sees a gap and asks again.
 */
import * as v from "valibot";
import { budgetMeasures, budgetScopes, type BudgetUse } from "../model/budget.ts";
import { maxSaid } from "../model/runWish.ts";
import { lastAttempt, taskStatuses, type Attempt, type Task } from "../model/task.ts";
import { maxNote, permissionDecisions } from "../model/permission.ts";
import type { TaskAction } from "../model/taskActions.ts";
import { planStatuses, type PlanEntry, type TaskEvent } from "../model/taskEvent.ts";

/** Most events of one page (of a reset, or of earlier ones). */
export const pageSize = 500;

/** Events wait at most this long (ms) before they go to the view as one message. */
export const viewBatchMs = 50;

/** Longest message from the view (characters of its JSON); the longest words fit, whatever is escaped in them. */
export const maxViewMessage = 6 * maxSaid + 1_000;

/** Most characters of a message that waits for Goose, as the view shows it. */
const maxShownWords = 300;

/** Longest prompt that the view shows (characters). */
const maxShownPrompt = 10_000;

/** What the buttons of the view may ask for. */
export const viewActions = ["run", "start", "pause", "resume", "stop", "retry", "cancel"] as const satisfies readonly TaskAction[];
export type ViewAction = (typeof viewActions)[number];

/** Longest text that can be searched for, and longest address that can be opened (characters). */
export const maxFindText = 200;
const maxLink = 2_048;

/** Most hits of one search. */
export const maxHits = 1_000;

/** The part of a task that the view shows. */
export type ViewTask = Pick<Task, "id" | "title" | "prompt" | "status" | "progress" | "attempts" | "maxAttempts" | "integration"> & {
  readonly branch?: string | undefined;
  readonly attention?: Task["attention"] | undefined;
  /** Not started before this time. */
  readonly notBefore?: number | undefined;
  /** Messages of the user that Goose does not have yet. */
  readonly waiting?: readonly { readonly id: string; readonly text: string }[] | undefined;
  /** An action that is under way. */
  readonly pending?: TaskAction | undefined;
};

/** How long an attempt was worked on: `ms` until its last pause or end, and since when it goes on now. */
export interface ActiveTime {
  readonly ms: number;
  readonly since?: number;
}

/** The part of an attempt that the view shows; `active` is absent until it is known. */
export type ViewAttempt = Pick<Attempt, "number" | "startedAt" | "outcome" | "usage"> & {
  readonly endedAt?: number | undefined;
  readonly active?: ActiveTime | undefined;
};

/** Host to view. */
export type HostToView =
  /**
   * Begin anew: the newest page, or the one around an event that was asked for. `firstSeq` is 1 when there is nothing earlier, `lastSeq` the
   * last event of the page, `endSeq` of the journal: a page that ends before it is history, and nothing is streamed behind it.
   * `now` is the host's clock.
   */
  | {
      readonly type: "reset";
      readonly task: ViewTask;
      readonly attempts: readonly ViewAttempt[];
      readonly events: readonly TaskEvent[];
      readonly firstSeq: number;
      readonly lastSeq: number;
      readonly endSeq: number;
      readonly now: number;
    }
  /** What came behind `afterSeq`, complete; pieces of one text may be one event, which has the number of the first. */
  | { readonly type: "append"; readonly events: readonly TaskEvent[]; readonly afterSeq: number; readonly lastSeq: number }
  /** The page behind the one asked about; from `endSeq` on everything is streamed again. */
  | { readonly type: "newer"; readonly events: readonly TaskEvent[]; readonly afterSeq: number; readonly lastSeq: number; readonly endSeq: number }
  /** The page before the one asked about. */
  | { readonly type: "older"; readonly events: readonly TaskEvent[]; readonly firstSeq: number; readonly beforeSeq: number }
  | { readonly type: "task"; readonly task: ViewTask; readonly attempts?: readonly ViewAttempt[] | undefined }
  /** Goose's newest plan. */
  | { readonly type: "plan"; readonly entries: readonly PlanEntry[] }
  /** Rows that hold what was searched for, by their first events, in order; the answers to one search follow each other until `isDone`. */
  | { readonly type: "found"; readonly id: number; readonly hits: readonly number[]; readonly isDone: boolean; readonly isCut: boolean }
  /** The host is there: the answer to everything that the view says. Without trust nothing may be done. */
  | { readonly type: "alive"; readonly isTrusted: boolean }
  /** How much of the limits that hold for the task is used, the largest share first. */
  | { readonly type: "budget"; readonly uses: readonly BudgetUse[] }
  /** The answer to `say`: the words are stored, or why not. */
  | { readonly type: "said"; readonly error?: string | undefined }
  /** There is nothing to show, and why. */
  | { readonly type: "unavailable"; readonly message: string };

const seq = v.pipe(v.number(), v.integer(), v.minValue(0));

const eventSeq = v.pipe(seq, v.minValue(1));

/** Nothing that the view may say names a file or a command: places are looked up in the journal by the host. */
const viewMessageSchema = v.variant("type", [
  /** The view is there, said again from time to time; `lastSeq` is the last event that it has (absent: it has none). */
  v.strictObject({ type: v.literal("ready"), lastSeq: v.exactOptional(seq) }),
  /** The page around an event is wanted. */
  v.strictObject({ type: v.literal("show"), seq: eventSeq }),
  /** The view reads history, said again from time to time: no events are sent until a newer page reaches the end, or it is ready. */
  v.strictObject({ type: v.literal("reading") }),
  v.strictObject({ type: v.literal("loadOlder"), beforeSeq: v.pipe(seq, v.minValue(2)) }),
  v.strictObject({ type: v.literal("loadNewer"), afterSeq: seq }),
  v.strictObject({ type: v.literal("action"), action: v.picklist(viewActions) }),
  /** Words for Goose. */
  v.strictObject({ type: v.literal("say"), text: v.pipe(v.string(), v.maxLength(maxSaid)) }),
  v.strictObject({ type: v.literal("stopToolCall"), toolCallId: v.pipe(v.string(), v.minLength(1), v.maxLength(256)) }),
  /** A search of the whole journal; it ends the one before. */
  v.strictObject({ type: v.literal("find"), id: seq, text: v.pipe(v.string(), v.minLength(1), v.maxLength(maxFindText)) }),
  v.strictObject({ type: v.literal("endFind") }),
  /** A place that a tool call named in its event `seq`: the file of a location or of a change. */
  v.strictObject({
    type: v.literal("openPlace"),
    toolCallId: v.pipe(v.string(), v.maxLength(256)),
    seq: eventSeq,
    of: v.picklist(["location", "diff"]),
    index: v.pipe(seq, v.maxValue(10_000)),
  }),
  v.strictObject({ type: v.literal("openLink"), url: v.pipe(v.string(), v.maxLength(maxLink), v.check(isWebAddress)) }),
  v.strictObject({
    type: v.literal("answer"),
    answer: v.strictObject({
      questionId: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
      decision: v.picklist(permissionDecisions),
      note: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(maxNote))),
    }),
  }),
]);
export type ViewToHost = v.InferOutput<typeof viewMessageSchema>;

const time = v.pipe(v.number(), v.finite());

/** The journal's own writer has checked the body; here only what the view's bookkeeping rests on. */
const eventSchema = v.looseObject({ type: v.string(), seq: eventSeq, attempt: seq, at: time });
const eventsSchema = v.array(eventSchema);
const taskSchema = v.looseObject({
  id: v.string(),
  title: v.string(),
  prompt: v.string(),
  status: v.picklist(taskStatuses),
  progress: v.object({ percent: v.number(), message: v.string() }),
  attempts: seq,
  maxAttempts: seq,
  integration: v.string(),
  notBefore: v.optional(time),
  waiting: v.optional(v.array(v.object({ id: v.string(), text: v.string() }))),
});
const attemptsSchema = v.array(
  v.looseObject({
    number: seq,
    startedAt: time,
    outcome: v.string(),
    usage: v.looseObject({ inputTokens: v.number(), outputTokens: v.number() }),
    active: v.optional(v.object({ ms: time, since: v.exactOptional(time) })),
  }),
);

const hostMessageSchema = v.variant("type", [
  v.object({
    type: v.literal("reset"),
    task: taskSchema,
    attempts: attemptsSchema,
    events: eventsSchema,
    firstSeq: seq,
    lastSeq: seq,
    endSeq: seq,
    now: time,
  }),
  v.object({ type: v.literal("append"), events: eventsSchema, afterSeq: seq, lastSeq: seq }),
  v.object({ type: v.literal("newer"), events: eventsSchema, afterSeq: seq, lastSeq: seq, endSeq: seq }),
  v.object({ type: v.literal("older"), events: eventsSchema, firstSeq: seq, beforeSeq: seq }),
  v.object({ type: v.literal("task"), task: taskSchema, attempts: v.optional(attemptsSchema) }),
  v.object({
    type: v.literal("budget"),
    uses: v.array(
      v.object({
        scope: v.picklist(budgetScopes),
        measure: v.picklist(budgetMeasures),
        used: v.number(),
        limit: v.pipe(v.number(), v.gtValue(0)),
        portion: v.number(),
      }),
    ),
  }),
  v.object({ type: v.literal("plan"), entries: v.array(v.object({ text: v.string(), status: v.picklist(planStatuses) })) }),
  v.object({ type: v.literal("found"), id: seq, hits: v.pipe(v.array(eventSeq), v.maxLength(maxHits)), isDone: v.boolean(), isCut: v.boolean() }),
  v.object({ type: v.literal("alive"), isTrusted: v.boolean() }),
  v.object({ type: v.literal("said"), error: v.optional(v.string()) }),
  v.object({ type: v.literal("unavailable"), message: v.string() }),
]);

/** Validates a message of the view; undefined when it does not fit or is too long. */
export function parseViewMessage(value: unknown): ViewToHost | undefined {
  if (!isSmallJson(value)) return undefined;
  const result = v.safeParse(viewMessageSchema, value);
  return result.success ? result.output : undefined;
}

/** Validates a message of the host; undefined when it does not fit. */
export function parseHostToView(value: unknown): HostToView | undefined {
  const result = v.safeParse(hostMessageSchema, value);
  return result.success ? (result.output as unknown as HostToView) : undefined;
}

/** The part of a task that goes to the view. */
export function viewTask(task: Task, pending?: TaskAction): ViewTask {
  const { id, title, status, attempts, integration, branch, attention, notBefore, inbox } = task;
  const { percent, message } = task.progress;
  const prompt = task.prompt.length > maxShownPrompt ? `${task.prompt.slice(0, maxShownPrompt)}…` : task.prompt;
  return {
    id,
    title,
    prompt,
    status,
    progress: { percent, message },
    attempts,
    maxAttempts: lastAttempt(task),
    integration,
    branch,
    attention,
    notBefore,
    waiting: inbox?.map((message) => ({ id: message.id, text: message.text.slice(0, maxShownWords) })),
    pending: pending ?? task.request,
  };
}

/** The part of an attempt that goes to the view. */
export function viewAttempt({ number, startedAt, endedAt, outcome, usage }: Attempt, active?: ActiveTime): ViewAttempt {
  return { number, startedAt, endedAt, outcome, usage, active };
}

/** Whether an address leads to the web safely: https, and no name or password in it that would hide where it leads. */
export function isWebAddress(address: string): boolean {
  if (!/^https:\/\/[^\s\\]+$/i.test(address) || !URL.canParse(address)) return false;
  const { protocol, username, password } = new URL(address);
  return protocol === "https:" && username === "" && password === "";
}

function isSmallJson(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  // A strict schema takes names that every object has for known ones.
  if (Object.getPrototypeOf(value) !== Object.prototype || Object.keys(value).some((key) => key in Object.prototype)) return false;
  try {
    return JSON.stringify(value).length <= maxViewMessage;
  } catch {
    return false;
  }
}
