/** What providers do: refuse, limit, break down, hang, send nonsense. */
import type { ModelReply } from "../helpers/modelServer.ts";
import { say, shell, turns, write, type ExpectedFailure, type Scenario } from "./scenario.ts";

const idle = { idleMinutes: 2 / 60 };

const refusedKey: ExpectedFailure = {
  code: "GOOSE_AUTHENTICATION",
  errorClass: "authentication",
  next: "stops the queue",
  says: /refused the .*goose configure/,
};
const noCredit: ExpectedFailure = { code: "GOOSE_CREDITS", errorClass: "credits", next: "stops the queue", says: /no credit left\. Add some/ };
const refusedRequest: ExpectedFailure = { code: "GOOSE_PROVIDER", errorClass: "provider", next: "fails", says: /refused the request\. Check the model's name/ };
const brokenProvider: ExpectedFailure = { code: "GOOSE_PROVIDER", errorClass: "provider", next: "again", says: /error of its own.*(Retry|try)/ };
const limited: ExpectedFailure = { code: "GOOSE_RATE_LIMIT", errorClass: "limit", next: "waits", says: /limits the rate of requests\. Wait/ };
const unreadable: ExpectedFailure = { code: "GOOSE_NETWORK", errorClass: "network", next: "again", says: /broke off or could not be read\. Retry/ };
const network: ExpectedFailure = { code: "GOOSE_NETWORK", errorClass: "network", next: "again", says: /connection to the provider failed\. Check the network/ };
const noAnswer: ExpectedFailure = { code: "GOOSE_NO_ANSWER", errorClass: "provider", next: "again", says: /empty answer.*Retry/ };
const hung: ExpectedFailure = { code: "TIMEOUT", errorClass: "agent", next: "again", says: /no sign of life for 2 seconds.*retried/ };
const cutShort: ExpectedFailure = { code: "GOOSE_MAX_TOKENS", errorClass: "refused", next: "fails", says: /length limit\. Split the task/ };
const tooLong: ExpectedFailure = { code: "GOOSE_CONTEXT_FULL", errorClass: "refused", next: "fails", says: /does not fit into the model's context\. Split it/ };

const contextFull: ModelReply = {
  kind: "status",
  status: 400,
  body: { error: { message: "This model's maximum context length is 4096 tokens.", type: "invalid_request_error", code: "context_length_exceeded" } },
};

function limit(message: string): ModelReply {
  return { kind: "status", status: 429, body: { error: { message, type: "requests", code: "rate_limit_exceeded" } } };
}

const atOnce: readonly Scenario[] = [
  { name: "401", script: turns({ kind: "status", status: 401 }), expected: refusedKey },
  { name: "402", script: turns({ kind: "status", status: 402 }), expected: noCredit },
  { name: "403", script: turns({ kind: "status", status: 403 }), expected: refusedKey },
  { name: "400", script: turns({ kind: "status", status: 400 }), expected: refusedRequest },
  { name: "404", script: turns({ kind: "status", status: 404 }), expected: refusedRequest },
  { name: "429 with its reset", script: turns(limit("Rate limit reached. Please try again in 2h3m.")), expected: limited },
  { name: "429 without a reset", script: turns(limit("Slow down.")), expected: limited },
  { name: "429 for want of credit", script: turns(limit("You exceeded your current quota, please check your plan and billing details.")), expected: noCredit },
  { name: "500", script: turns({ kind: "status", status: 500 }), expected: brokenProvider },
  { name: "connection refused", env: { OPENAI_HOST: "http://127.0.0.1:9" }, expected: network },
  { name: "connection closed", script: turns({ kind: "drop" }), expected: network },
  { name: "connection reset", script: turns({ kind: "reset" }), expected: network },
  { name: "stream cut in the middle", script: turns({ kind: "cut", text: "Half an answer" }), expected: unreadable },
  { name: "garbage in the stream", script: turns({ kind: "garbage" }), expected: unreadable },
  { name: "a page of HTML with status 200", script: turns({ kind: "html" }), expected: noAnswer },
  { name: "empty answer", script: turns({ kind: "empty" }), expected: noAnswer },
  { name: "no first byte", script: turns({ kind: "hang" }), settings: idle, expected: hung },
  { name: "hang in the middle of the stream", script: turns({ kind: "stall", text: "Half an answer" }), settings: idle, expected: hung },
  { name: "answer cut at its length", script: turns({ kind: "length", text: "This never" }), expected: cutShort },
  { name: "content filter, no text", script: turns({ kind: "filter", text: "" }), expected: noAnswer },
  { name: "context overflow", script: turns(contextFull), expected: tooLong },
];

const unproven: ExpectedFailure = {
  code: "VERIFICATION_FAILED",
  errorClass: "verification",
  next: "again",
  says: /without changing a file.*say in the text of the task/i,
};

/** The same behind edits: they are kept, the task is not done. */
const behindEdits: readonly Scenario[] = [
  { name: "401 in the middle of a run", script: turns(write("a.txt"), { kind: "status", status: 401 }), expected: { ...refusedKey, keeps: "a.txt" } },
  { name: "402 behind edits", script: turns(write("a.txt"), { kind: "status", status: 402 }), expected: { ...noCredit, keeps: "a.txt" } },
  { name: "429 behind edits", script: turns(write("a.txt"), limit("Slow down.")), expected: { ...limited, keeps: "a.txt" } },
  { name: "500 behind edits", script: turns(write("a.txt"), { kind: "status", status: 500 }), expected: { ...brokenProvider, keeps: "a.txt" } },
  { name: "reset behind edits", script: turns(write("a.txt"), { kind: "reset" }), expected: { ...network, keeps: "a.txt" } },
  { name: "cut behind edits", script: turns(write("a.txt"), { kind: "cut", text: "I have do" }), expected: { ...unreadable, keeps: "a.txt" } },
  { name: "garbage behind edits", script: turns(write("a.txt"), { kind: "garbage" }), expected: { ...unreadable, keeps: "a.txt" } },
  { name: "HTML behind edits", script: turns(write("a.txt"), { kind: "html" }), expected: { ...noAnswer, keeps: "a.txt" } },
  { name: "empty answer behind edits", script: turns(write("a.txt"), { kind: "empty" }), expected: { ...noAnswer, keeps: "a.txt" } },
  { name: "hang behind edits", script: turns(write("a.txt"), { kind: "hang" }), settings: idle, expected: { ...hung, keeps: "a.txt" } },
  {
    name: "hang in the stream behind edits",
    script: turns(write("a.txt"), { kind: "stall", text: "I have do" }),
    settings: idle,
    expected: { ...hung, keeps: "a.txt" },
  },
  { name: "length behind edits", script: turns(write("a.txt"), { kind: "length", text: "I have do" }), expected: { ...cutShort, keeps: "a.txt" } },
  { name: "context overflow behind edits", script: turns(write("a.txt"), contextFull), expected: { ...tooLong, keeps: "a.txt" } },
  { name: "content filter, no text, behind edits", script: turns(write("a.txt"), { kind: "filter", text: "" }), expected: { ...noAnswer, keeps: "a.txt" } },
  {
    name: "max turns",
    script: turns(write("a.txt"), shell("echo again")),
    settings: { maxTurns: 2 },
    expected: { code: "GOOSE_MAX_TURNS", errorClass: "refused", next: "fails", says: /all the turns.*Raise the limit/, keeps: "a.txt" },
  },
];

/** A content filter is an end like any other to Goose: only the evidence tells. */
const filtered: readonly Scenario[] = [
  { name: "content filter, some text, no change", script: turns({ kind: "filter", text: "I will now" }), expected: unproven },
  { name: "content filter in the claim", script: turns({ kind: "filter", text: "NOTHING TO CHANGE: " }), expected: unproven },
  {
    name: "content filter behind edits that are not accepted",
    script: turns(write("a.txt"), { kind: "filter", text: "I have do" }),
    accept: ["grep -q finished a.txt"],
    expected: { code: "VERIFICATION_FAILED", errorClass: "verification", next: "again", says: /acceptance command.*exit code 1/, keeps: "a.txt" },
  },
  {
    name: "content filter behind edits that are accepted",
    script: turns(write("a.txt"), { kind: "filter", text: "I have do" }),
    accept: ["grep -q hello a.txt"],
    expected: { done: true, files: ["a.txt"] },
  },
  {
    name: "the model speaks like Goose",
    script: turns(say("Ran into this error: Rate limit exceeded. Please retry if you think this is a transient error.")),
    expected: unproven,
  },
];

export const providerScenarios: readonly Scenario[] = [...atOnce, ...behindEdits, ...filtered];
