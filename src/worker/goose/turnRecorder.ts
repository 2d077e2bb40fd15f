import type { PlanEntry, WorkerEventBody } from "../../model/taskEvent.ts";
import { noUsage } from "../../model/usage.ts";
import type { UsageBefore } from "../../protocol/handlers.ts";
import { RateLimit } from "./activity.ts";
import { isSaidMessageId } from "../../model/userMessage.ts";
import type { TurnEnd } from "./classify.ts";
import { planOf, planOfTodo, todoTool } from "./plan.ts";
import { ProgressEstimate } from "./progress.ts";
import { parseUpdate, type SessionUpdate, type ToolCallNews, type UsageNews } from "./sessionUpdates.ts";
import { ToolCallMapper } from "./toolCallMapper.ts";
import { UsageMeter } from "./usageMeter.ts";

/** Longest final message that is handed on (characters). */
const maxFinalMessage = 65_536;
/** Longest status notice, and how many of the newest decide why a turn failed. */
const maxNotice = 4_000;
const maxNotices = 50;
/** Most todo lists whose calls are under way. */
const maxTodos = 20;

export interface TurnRecorderOptions {
  readonly worktree: string;
  emit(event: WorkerEventBody): void;
  /** A tool call runs in this terminal. */
  onTerminal(terminalId: string, toolCallId: string): void;
  /** What the attempt has used before this run. */
  readonly usage?: UsageBefore;
  /** How long this run was active so far (ms). */
  readonly workedMs?: () => number;
  /** A clock (ms) that never goes back. */
  readonly now?: () => number;
  /** A turn began, by its name, or (null) ended. */
  onRun(runId: string | null): void;
  /** Goose gave a message that was put into the running turn to the model. */
  onSteered(messageId: string): void;
}

/** Makes journal events of what Goose tells, and keeps what decides about success. */
export class TurnRecorder {
  readonly tools: ToolCallMapper;
  readonly usage: UsageMeter;
  readonly #options: TurnRecorderOptions;
  readonly #progress: ProgressEstimate;
  /** Ended tool calls of the history that session/load repeats. */
  #replayedCalls = 0;
  #isReplaying = false;
  #lastMessage: { readonly id: string; text: string } | undefined;
  #usageMessageId: string | undefined;
  #notices: string[] = [];
  #noticeCount = 0;
  readonly #noticeLimit: RateLimit;
  /** Todo lists that calls are about to write. */
  readonly #todos = new Map<string, readonly PlanEntry[]>();
  #plan = "[]";
  #malformed = 0;

  constructor(options: TurnRecorderOptions) {
    this.#options = options;
    const { now = () => performance.now() } = options;
    this.tools = new ToolCallMapper(options.worktree, (call) => options.emit({ type: "tool_call", call }), now);
    this.usage = new UsageMeter(options.usage ?? { used: noUsage }, options.workedMs);
    this.#noticeLimit = new RateLimit(now);
    this.#progress = new ProgressEstimate((progress) => options.emit({ type: "progress_update", progress }));
  }

  /** Updates that broke their form and were dropped. */
  get malformed(): number {
    return this.#malformed;
  }

  /** While true, updates are repetitions of the stored history: they are in the journal already. */
  set isReplaying(value: boolean) {
    this.#isReplaying = value;
  }

  /** A prompt is about to be sent. */
  startTurn(): void {
    this.#lastMessage = undefined;
    this.#usageMessageId = undefined;
    this.#notices = [];
    this.#tell("starting");
  }

  /** How the turn ended; the stop reason comes from the answer to the prompt. */
  endTurn(stopReason: string): TurnEnd {
    return { stopReason, lastMessage: this.#lastMessage, usageMessageId: this.#usageMessageId, notices: this.#notices };
  }

  get finalMessage(): string {
    return this.#lastMessage?.text ?? "";
  }

  /** A tool call passed the gate. */
  toolStarted(toolCallId: string): void {
    this.tools.started(toolCallId);
    this.#tell(this.tools.describe(toolCallId) ?? "working");
  }

  /** Tells how long it has worked, when it has. */
  tick(): void {
    const usage = this.usage.tick();
    if (usage !== undefined) this.#options.emit({ type: "usage", usage });
  }

  take(method: string, params: unknown): void {
    const update = parseUpdate(method, params);
    if (update === "unknown") return;
    if (update === "malformed") this.#malformed++;
    else if (this.#isReplaying) this.#replay(update);
    else this.#record(update);
  }

  #replay(update: SessionUpdate): void {
    // No history, but where the session stands; it may be read together with the answer that ends the replay.
    if (update.sessionUpdate === "usage_update") return this.#usage(update);
    if (update.sessionUpdate === "plan") this.#plan = JSON.stringify(planOf(update.entries));
    if (update.sessionUpdate !== "tool_call" && update.sessionUpdate !== "tool_call_update") return;
    if (update.status === "completed" || update.status === "failed") this.#replayedCalls++;
    const todo = this.#todo(update);
    if (todo !== undefined) this.#plan = JSON.stringify(todo);
  }

  #record(update: SessionUpdate): void {
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
        return this.#message(update.messageId ?? "message", update.content.text ?? "");
      case "agent_thought_chunk":
        this.#tell("thinking");
        return this.#say("thought", update.messageId ?? "thought", update.content.text ?? "");
      case "user_message_chunk":
        return this.#user(update);
      case "session_info_update":
        return this.#run(update._meta?.goose?.activeRunId);
      case "tool_call":
      case "tool_call_update":
        return this.#toolCall(update);
      case "plan":
        return this.#tellPlan(planOf(update.entries));
      case "usage_update":
        return this.#usage(update);
      case "message_usage":
        this.#usageMessageId = update.messageId;
        return this.#options.emit({ type: "usage", usage: this.usage.answered() });
      case "status_message":
        return this.#notice(update.status.message);
    }
  }

  #message(id: string, text: string): void {
    if (this.#lastMessage?.id !== id) this.#lastMessage = { id, text: "" };
    if (this.#lastMessage.text.length < maxFinalMessage) this.#lastMessage.text = (this.#lastMessage.text + text).slice(0, maxFinalMessage);
    this.#tell("writing");
    this.#say("agent", id, text);
  }

  #user({ messageId, content, _meta }: Extract<SessionUpdate, { sessionUpdate: "user_message_chunk" }>): void {
    const id = messageId ?? "user";
    if (_meta?.goose?.steer === true) return this.#options.onSteered(id);
    // Only we say that words of the user have arrived.
    this.#say("user", isSaidMessageId(id) ? `goose-${id}` : id, content.text ?? "");
  }

  #run(runId: string | null | undefined): void {
    if (runId !== undefined) this.#options.onRun(runId);
  }

  #say(role: "agent" | "thought" | "user" | "notice", messageId: string, text: string): void {
    if (text !== "") this.#options.emit({ type: "message", role, messageId: messageId.slice(0, 256), text });
  }

  #toolCall(news: ToolCallNews): void {
    // Words before a tool call are no answer: what ends a turn well comes behind its last one.
    if (news.sessionUpdate === "tool_call" || news.status === "completed" || news.status === "failed") this.#lastMessage = undefined;
    const description = this.tools.describe(news.toolCallId);
    const before = this.tools.completed;
    for (const terminalId of this.tools.take(news)) this.#options.onTerminal(terminalId, news.toolCallId);
    if (this.tools.completed > before) this.#tell(description ?? "working");
    const todo = this.#todo(news);
    if (todo !== undefined) this.#tellPlan(todo);
  }

  /** The todo list that a call has written, once it has succeeded. */
  #todo({ toolCallId, status, rawInput, _meta }: ToolCallNews): readonly PlanEntry[] | undefined {
    const written = _meta?.goose?.toolCall?.toolName === todoTool ? planOfTodo(rawInput) : undefined;
    if (written !== undefined && (this.#todos.size < maxTodos || this.#todos.has(toolCallId))) this.#todos.set(toolCallId, written);
    const todo = this.#todos.get(toolCallId);
    if (todo === undefined || (status !== "completed" && status !== "failed")) return undefined;
    this.#todos.delete(toolCallId);
    return status === "completed" ? todo : undefined;
  }

  #tellPlan(entries: readonly PlanEntry[]): void {
    const plan = JSON.stringify(entries);
    if (plan === this.#plan) return;
    this.#plan = plan;
    this.#options.emit({ type: "plan", entries });
  }

  #notice(text: string): void {
    const notice = text.slice(0, maxNotice);
    const isNew = notice !== this.#notices.at(-1);
    this.#notices = [...this.#notices, notice].slice(-maxNotices);
    if (isNew && this.#noticeLimit.pass()) this.#say("notice", `notice-${++this.#noticeCount}`, notice);
  }

  #usage(update: UsageNews): void {
    const usage = this.usage.take(update);
    if (usage !== undefined) this.#options.emit({ type: "usage", usage });
  }

  #tell(message: string): void {
    this.#progress.tell(message, this.#replayedCalls + this.tools.completed);
  }
}
