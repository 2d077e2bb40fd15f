/**
 * How a prompt turn ended, in our codes. Goose reports most failures as a normal end with a text of its own, so the
 * stop reason alone means nothing (goose.md 0.4 and section 5; the texts are those of Goose 1.52.0).
 */
import { RequestError } from "@agentclientprotocol/sdk";
import { TaskMasterError, type ErrorCode } from "../../model/errors.ts";
import { capInput } from "./capInput.ts";
import { readResetTime } from "./resetTime.ts";

/** What was seen of a prompt turn. */
export interface TurnEnd {
  readonly stopReason: string;
  /** The last message of the agent, with everything that was said under its id. */
  readonly lastMessage: { readonly id: string; readonly text: string } | undefined;
  /** The message for which Goose last reported usage: Goose does so for answers that really came from the provider. */
  readonly usageMessageId: string | undefined;
  /** Status notices, oldest first. */
  readonly notices: readonly string[];
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly say: string;
}

const rateLimitPattern = /rate limit|\(429\b/i;
const contextPattern = /context (window|limit|length)|failed to compact|trying to compact/i;
const contextFull = "The task does not fit into the model's context. Split it, or use a model with a larger context.";

/** Texts that Goose writes in the place of an answer; the first that fits decides. */
const textRules: readonly Rule[] = [
  {
    pattern: /maximum number of actions/i,
    code: "GOOSE_MAX_TURNS",
    retryable: false,
    say: "Goose used all the turns that it was allowed. Raise the limit on turns, or split the task.",
  },
  {
    pattern: /returned an empty response/i,
    code: "GOOSE_NO_ANSWER",
    retryable: true,
    say: "The model gave an empty answer; a filter of the provider may have stopped it. Retry the task; if it happens again, check the provider's address and the model.",
  },
  {
    pattern: contextPattern,
    code: "GOOSE_CONTEXT_FULL",
    retryable: false,
    say: contextFull,
  },
  {
    pattern: /authenticat|unauthori[sz]ed|\(40[13]\b|invalid api key|api key not valid/i,
    code: "GOOSE_AUTHENTICATION",
    retryable: false,
    say: 'The provider refused the credentials. Check them with "goose configure", then Retry the task.',
  },
  {
    pattern: /\(402\b|credits? (are |is )?exhausted|add more credits|insufficient[_ ](quota|funds|credits)|check your plan and billing/i,
    code: "GOOSE_CREDITS",
    retryable: false,
    say: "The provider account has no credit left. Add some, or choose another provider or model; then Retry the task.",
  },
  {
    pattern: rateLimitPattern,
    code: "GOOSE_RATE_LIMIT",
    retryable: true,
    say: "The provider limits the rate of requests. Wait, or run fewer tasks at the same time.",
  },
  {
    pattern: /stream decode/i,
    code: "GOOSE_NETWORK",
    retryable: true,
    say: "The provider's answer broke off or could not be read. Retry the task; if it happens again, check the network and the provider's address.",
  },
  {
    pattern: /network error|could not connect|connection (refused|reset)|timed out/i,
    code: "GOOSE_NETWORK",
    retryable: true,
    say: "The connection to the provider failed. Check the network and the provider's address, then Retry the task.",
  },
  {
    pattern: /bad request|not found|\(4\d\d\b/i,
    code: "GOOSE_PROVIDER",
    retryable: false,
    say: "The provider refused the request. Check the model's name and the provider's settings, then Retry the task.",
  },
  {
    pattern: /server error|\(5\d\d\b/i,
    code: "GOOSE_PROVIDER",
    retryable: true,
    say: "The provider had an error of its own. Retry the task later; if it happens again, look at the provider's status page.",
  },
];

const configurationPattern = /Configuration value not found|Failed to resolve (provider|model)|Unknown provider|Provider not set|not configured/i;

/** Undefined when the turn ended with a real answer of the model; otherwise what went wrong. */
export function classifyTurn({ stopReason, lastMessage, usageMessageId, notices }: TurnEnd): TaskMasterError | undefined {
  switch (stopReason) {
    case "end_turn":
      break;
    case "max_tokens":
      return new TaskMasterError(
        "GOOSE_MAX_TOKENS",
        "The model's answer was cut off at its length limit. Split the task, or raise the limit on output tokens.",
        details(lastMessage?.text, false),
      );
    case "max_turn_requests":
      return new TaskMasterError("GOOSE_MAX_TURNS", "Goose used all the turns that it was allowed. Raise the limit on turns, or split the task.");
    case "refusal":
      return new TaskMasterError("GOOSE_REFUSED", "The model refused the task. Say differently what is wanted.", details(lastMessage?.text, false));
    default:
      return new TaskMasterError(
        "GOOSE_PROTOCOL",
        `Goose ended the turn for a reason that is not known here: ${stopReason.slice(0, 100)}. Retry the task; if it happens again, update Goose and this program.`,
      );
  }
  if (lastMessage === undefined) return withoutAnswer(notices.join("\n"));
  const isOwnText = lastMessage.id !== usageMessageId || isEmptyAnswerText(lastMessage);
  return isOwnText ? classifyText(lastMessage.text) : undefined;
}

/** The turn ended without a message of any kind. Of a full context Goose then tells in its notices alone (measured). */
function withoutAnswer(notices: string): TaskMasterError {
  const sinceRoom = notices.split(/compaction complete/i).at(-1) ?? "";
  if (contextPattern.test(sinceRoom) || /compact/i.test(sinceRoom)) return new TaskMasterError("GOOSE_CONTEXT_FULL", contextFull, details(notices, false));
  return new TaskMasterError(
    "GOOSE_NO_ANSWER",
    "Goose ended without an answer of the model. Retry the task; if it happens again, check the model, or split the task.",
    details(notices, true),
  );
}

/** An empty answer for which the provider counted tokens: Goose reports usage under the id of its own text (measured). */
function isEmptyAnswerText({ id, text }: { readonly id: string; readonly text: string }): boolean {
  return id.startsWith("msg_") && text.startsWith("The model returned an empty response.");
}

/** A failed request to Goose, by the part of the conversation in which it failed. */
export function classifyRequestError(thrown: unknown, phase: "initialize" | "new" | "load" | "prompt"): TaskMasterError {
  if (thrown instanceof TaskMasterError) return thrown;
  if (!(thrown instanceof RequestError)) {
    const message = thrown instanceof Error ? thrown.message : String(thrown);
    return new TaskMasterError("GOOSE_PROTOCOL", `The conversation with Goose broke down: ${message}. Retry the task.`, { cause: thrown, retryable: true });
  }
  const text = requestErrorText(thrown);
  if (configurationPattern.test(text)) return notConfigured(text);
  if (phase === "load") {
    return new TaskMasterError("GOOSE_SESSION_LOST", "Goose cannot continue its stored session. The task has to start in a new one.", {
      cause: thrown,
      details: text,
    });
  }
  if (thrown.code === -32000) return classifyText(thrown.message, "authentication");
  if (isRecord(thrown.data) && thrown.data["reason"] === "credits_exhausted") return classifyText(thrown.message, "(402)");
  if (phase === "prompt") return classifyText(text);
  return new TaskMasterError("GOOSE_PROTOCOL", `Goose refused to start a session: ${firstLine(text)}. See what "goose info --check" says.`, {
    cause: thrown,
    details: text,
  });
}

/** Goose has no usable provider or model. */
export function notConfigured(why: string): TaskMasterError {
  return new TaskMasterError(
    "GOOSE_NOT_CONFIGURED",
    `Goose has no usable provider and model (${firstLine(why)}). Run "goose configure", or set GOOSE_PROVIDER and GOOSE_MODEL.`,
    details(why, false),
  );
}

/** `hint` is what is known of it besides its words. */
function classifyText(text: string, hint = ""): TaskMasterError {
  const resetAt = readResetTime(text, Date.now());
  // A quota that comes back by itself is a limit, whatever is said about the account.
  const isLimit = resetAt !== undefined && rateLimitPattern.test(text);
  const rule = textRules.find(({ pattern, code }) => pattern.test(`${hint} ${text}`) && !(isLimit && code === "GOOSE_CREDITS"));
  if (rule === undefined) {
    const message = `Goose ended without an answer of the model. Retry the task; if it happens again, check the model. (${firstLine(text)})`;
    return new TaskMasterError("GOOSE_PROVIDER", message, details(text, true));
  }
  const retryAt = resetAt !== undefined && (rule.code === "GOOSE_RATE_LIMIT" || rule.code === "GOOSE_CREDITS") ? { retryAt: resetAt } : {};
  return new TaskMasterError(rule.code, `${rule.say} (${firstLine(text)})`, { ...details(text, rule.retryable), ...retryAt });
}

function details(text: string | undefined, retryable: boolean): { readonly retryable: boolean; readonly details?: string } {
  return text === undefined || text === "" ? { retryable } : { retryable, details: text.slice(0, 4_096) };
}

function requestErrorText(error: RequestError): string {
  const data = typeof error.data === "string" ? error.data : error.data === undefined || error.data === null ? "" : JSON.stringify(capInput(error.data));
  return [error.message, data].filter((part) => part !== "").join(": ");
}

function firstLine(text: string): string {
  return (text.trim().split("\n", 1)[0] ?? "").slice(0, 300);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
