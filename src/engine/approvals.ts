import type { Disposable } from "../base/event.ts";
import { abortable } from "../base/abort.ts";
import type { Gate } from "../base/gate.ts";
import { toTaskMasterError } from "../model/errors.ts";
import type { PermissionAnswer, PermissionQuestion } from "../model/permission.ts";
import type { Task } from "../model/task.ts";
import type { EngineSettings } from "../model/settings.ts";
import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";
import { answered } from "./answers.ts";
import type { Ledger, RowChange } from "./ledger.ts";
import { decidePermission, type PermissionRuling } from "./permissionPolicy.ts";
import type { Clock, LeasedTask, Logger, Random, Timers } from "./ports.ts";
import { questionOf } from "./questions.ts";
import { RunEnd } from "./runEnd.ts";

/** What becomes of a tool call; `told` is for Goose, `logged` for the journal. */
export interface Verdict {
  readonly outcome: PermissionOutcome;
  readonly told?: string;
  readonly logged?: string;
}

/** Where a tool call would work, and until when an answer is waited for. */
export interface CallPlace {
  readonly leased: LeasedTask;
  /** Absolute. */
  readonly worktree: string;
  readonly signal: AbortSignal;
}

/** Decides on the tool calls of a run. */
export interface ToolCallApproval {
  /** Rejects only when the signal aborts or the question cannot be recorded. */
  decide(request: PermissionRequest, place: CallPlace): Promise<Verdict>;
}

const minuteMs = 60_000;
const allowed: Verdict = { outcome: "allow_once" };

/** For loops without an engine, where nobody can be asked: what would be asked about is declined. */
export function unattended(settings: () => Pick<EngineSettings, "approvalsMode">): ToolCallApproval {
  return {
    decide: (request, { leased, worktree }) => {
      const ruling = decidePermission(request, { mode: settings().approvalsMode, grants: leased.task.grants ?? [], worktree });
      if (ruling.kind !== "ask") return Promise.resolve(verdictOf(ruling));
      return Promise.resolve(declined(`This step ${ruling.why}. That needs leave, and nobody can be asked here: do without it.`));
    },
  };
}

/** What questions are asked with. */
export interface ApprovalDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly settings: () => Pick<EngineSettings, "approvalsMode" | "approvalsTimeoutMinutes">;
  readonly log: Logger;
  readonly leased: LeasedTask;
  /** Closed while the task is paused: an answer then waits, and so does the time for one. */
  readonly gate: Gate;
}

interface OpenQuestion {
  readonly question: PermissionQuestion;
  readonly answer: PromiseWithResolvers<PermissionAnswer>;
}

/**
 * The questions of one run, one after the other. A question stands on the task's row, where every window and terminal sees it
 * and answers it by a write of its own; the run hears of that through the journal (`hear`). While it waits, it holds no slot.
 */
export class Approvals implements ToolCallApproval {
  readonly #deps: ApprovalDeps;
  readonly #grants: Set<string>;
  #tail: Promise<unknown> = Promise.resolve();
  #open: OpenQuestion | undefined;
  /** The time that an answer has. */
  #time: Disposable | undefined;

  constructor(deps: ApprovalDeps) {
    this.#deps = deps;
    this.#grants = new Set(deps.leased.task.grants);
  }

  /** Whether the run does nothing until somebody answers. */
  get isWaiting(): boolean {
    return this.#open !== undefined;
  }

  async decide(request: PermissionRequest, place: CallPlace): Promise<Verdict> {
    const ruling = this.#rule(request, place);
    if (ruling.kind !== "ask") return verdictOf(ruling);
    const turn = this.#tail.then(async () => {
      place.signal.throwIfAborted();
      // The answer to the question before may cover this one.
      const now = this.#rule(request, place);
      return now.kind === "ask" ? this.#ask(questionOf(request, now, { clock: this.#deps.clock, random: this.#deps.random }), place) : verdictOf(now);
    });
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  /** An answer was recorded, by whichever process. */
  hear(answer: PermissionAnswer): void {
    if (this.#open?.question.id === answer.questionId) this.#open.answer.resolve(answer);
  }

  /** The user ended the tool call instead of answering: the question goes, and the call is declined. */
  stopToolCall(toolCallId: string): void {
    const open = this.#open;
    if (open?.question.toolCallId !== toolCallId) return;
    void this.#withdraw(open.question).then(() => open.answer.resolve({ questionId: open.question.id, decision: "reject" }));
  }

  #rule(request: PermissionRequest, { worktree }: CallPlace): PermissionRuling {
    return decidePermission(request, { mode: this.#deps.settings().approvalsMode, grants: [...this.#grants], worktree });
  }

  async #ask(question: PermissionQuestion, { signal }: CallPlace): Promise<Verdict> {
    const open: OpenQuestion = { question, answer: Promise.withResolvers() };
    this.#open = open;
    try {
      await this.#record(question);
      this.#startTime(question, signal);
      const answer = await abortable(open.answer.promise, signal);
      if (answer.decision === "allow_for_task" && question.covers !== undefined) this.#grants.add(question.covers.key);
      this.#open = undefined;
      await this.#deps.gate.passed(signal);
      return verdictOn(question, answer);
    } catch (thrown) {
      // The end of a run clears the row itself.
      if (!(signal.reason instanceof RunEnd)) await this.#withdraw(question);
      throw thrown;
    } finally {
      this.#time?.dispose();
      this.#open = undefined;
    }
  }

  async #record(question: PermissionQuestion): Promise<void> {
    const { ledger, leased } = this.#deps;
    // What it is about comes first: rows and messages are short.
    const attention = { kind: "permission", message: `${question.title} (Goose ${question.why})`, question } as const;
    await ledger.change(leased.task.id, (task) => ({ task: { ...task, attention }, events: [{ type: "attention", attention }] }), leased.token);
  }

  /** Nobody needs an answer any more. */
  async #withdraw({ id }: PermissionQuestion): Promise<void> {
    const { ledger, leased, log } = this.#deps;
    try {
      await ledger.change(
        leased.task.id,
        ({ attention, ...row }) => (attention?.question?.id === id ? { task: row, events: [{ type: "attention", attention: null }] } : undefined),
        leased.token,
      );
    } catch (thrown) {
      log.debug("a question could not be withdrawn", { task: leased.task.id, error: toTaskMasterError(thrown).message });
    }
  }

  #startTime(question: PermissionQuestion, signal: AbortSignal): void {
    const { settings, timers, log, leased } = this.#deps;
    const minutes = settings().approvalsTimeoutMinutes;
    if (minutes === 0) return;
    this.#time = timers.after(minutes * minuteMs, () => {
      this.#expire(question, minutes, signal).catch((thrown: unknown) => {
        if (!signal.aborted) log.warn("a question could not be ended", { task: leased.task.id, error: toTaskMasterError(thrown).message });
      });
    });
  }

  /** Time in pause does not count: behind it the user has the whole time again. */
  async #expire(question: PermissionQuestion, minutes: number, signal: AbortSignal): Promise<void> {
    const { gate, ledger, leased } = this.#deps;
    if (gate.isClosed) {
      await gate.passed(signal);
      if (this.#open?.question === question) this.#startTime(question, signal);
      return;
    }
    const answer: PermissionAnswer = { questionId: question.id, decision: "reject", note: timeoutNote(minutes) };
    let isOurs = false;
    const compute = (task: Task): RowChange | undefined => {
      isOurs = task.attention?.question?.id === question.id;
      return isOurs ? answered(task, answer, "timeout") : undefined;
    };
    await ledger.change(leased.task.id, compute, leased.token);
    // When somebody was quicker, their answer is on its way.
    if (isOurs) this.hear(answer);
  }
}

function timeoutNote(minutes: number): string {
  return `Nobody answered within ${minutes === 1 ? "a minute" : `${minutes} minutes`}. Do without this step, or say in the end what you would have needed.`;
}

function verdictOf(ruling: Exclude<PermissionRuling, { kind: "ask" }>): Verdict {
  return ruling.kind === "allow" ? allowed : declined(ruling.reason);
}

function declined(reason: string): Verdict {
  return { outcome: "reject_once", told: reason, logged: `A tool call was declined. ${reason}` };
}

function verdictOn({ title }: PermissionQuestion, { decision, note }: PermissionAnswer): Verdict {
  if (decision !== "reject") return allowed;
  return { outcome: "reject_once", ...(note === undefined ? {} : { told: `The step "${title.slice(0, 300)}" was declined: ${note}` }) };
}
