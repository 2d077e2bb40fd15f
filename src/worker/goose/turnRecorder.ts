import type { WorkerEventBody } from "../../model/taskEvent.ts";
import type { Usage } from "../../model/usage.ts";
import type { TurnEnd } from "./classify.ts";
import { ProgressEstimate } from "./progress.ts";
import { parseUpdate, type SessionUpdate, type ToolCallNews } from "./sessionUpdates.ts";
import { ToolCallMapper } from "./toolCallMapper.ts";

/** Longest final message that is handed on (characters). */
const maxFinalMessage = 65_536;

export interface TurnRecorderOptions {
  readonly worktree: string;
  emit(event: WorkerEventBody): void;
  /** A tool call runs in this terminal. */
  onTerminal(terminalId: string, toolCallId: string): void;
}

/** Makes journal events of what Goose tells, and keeps what decides about success. */
export class TurnRecorder {
  readonly tools: ToolCallMapper;
  readonly #options: TurnRecorderOptions;
  readonly #progress: ProgressEstimate;
  /** Ended tool calls of the history that session/load repeats. */
  #replayedCalls = 0;
  #isReplaying = false;
  #lastMessage: { readonly id: string; text: string } | undefined;
  #usageMessageId: string | undefined;
  #notices: string[] = [];
  #noticeCount = 0;
  #lastUsage = "";
  #malformed = 0;

  constructor(options: TurnRecorderOptions) {
    this.#options = options;
    this.tools = new ToolCallMapper(options.worktree, (call) => options.emit({ type: "tool_call", call }));
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

  take(method: string, params: unknown): void {
    const update = parseUpdate(method, params);
    if (update === "unknown") return;
    if (update === "malformed") this.#malformed++;
    else if (this.#isReplaying) this.#replay(update);
    else this.#record(update);
  }

  #replay(update: SessionUpdate): void {
    if (update.sessionUpdate === "tool_call_update" && (update.status === "completed" || update.status === "failed")) this.#replayedCalls++;
  }

  #record(update: SessionUpdate): void {
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
        return this.#message(update.messageId ?? "message", update.content.text ?? "");
      case "agent_thought_chunk":
        this.#tell("thinking");
        return this.#say("thought", update.messageId ?? "thought", update.content.text ?? "");
      case "user_message_chunk":
        return this.#say("user", update.messageId ?? "user", update.content.text ?? "");
      case "tool_call":
      case "tool_call_update":
        return this.#toolCall(update);
      case "usage_update":
        return this.#usage(update);
      case "message_usage":
        this.#usageMessageId = update.messageId;
        return;
      case "status_message":
        this.#notices.push(update.status.message);
        return this.#say("notice", `notice-${++this.#noticeCount}`, update.status.message);
    }
  }

  #message(id: string, text: string): void {
    if (this.#lastMessage?.id !== id) this.#lastMessage = { id, text: "" };
    if (this.#lastMessage.text.length < maxFinalMessage) this.#lastMessage.text = (this.#lastMessage.text + text).slice(0, maxFinalMessage);
    this.#tell("writing");
    this.#say("agent", id, text);
  }

  #say(role: "agent" | "thought" | "user" | "notice", messageId: string, text: string): void {
    if (text !== "") this.#options.emit({ type: "message", role, messageId: messageId.slice(0, 256), text });
  }

  #toolCall(news: ToolCallNews): void {
    const description = this.tools.describe(news.toolCallId);
    const before = this.tools.completed;
    for (const terminalId of this.tools.take(news)) this.#options.onTerminal(terminalId, news.toolCallId);
    if (this.tools.completed > before) this.#tell(description ?? "working");
  }

  #usage(update: Extract<SessionUpdate, { sessionUpdate: "usage_update" }>): void {
    // ACP's own usage_update knows only the context; Goose's carries both, right beside it.
    if (typeof update.accumulatedInputTokens !== "number" || typeof update.accumulatedOutputTokens !== "number") return;
    const usage: Usage = {
      inputTokens: update.accumulatedInputTokens,
      outputTokens: update.accumulatedOutputTokens,
      ...(typeof update.accumulatedCost === "number" ? { costUsd: update.accumulatedCost } : {}),
      contextUsed: update.used,
      ...(typeof update.contextLimit === "number" ? { contextSize: update.contextLimit } : {}),
    };
    const key = JSON.stringify(usage);
    if (key === this.#lastUsage) return;
    this.#lastUsage = key;
    this.#options.emit({ type: "usage", usage });
  }

  #tell(message: string): void {
    this.#progress.tell(message, this.#replayedCalls + this.tools.completed);
  }
}
