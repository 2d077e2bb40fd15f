import { expect, test, vi } from "vitest";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { EventBuffer } from "../../../src/worker/goose/eventBuffer.ts";
import { Redaction } from "../../../src/worker/process/redaction.ts";
import { redactEvent } from "../../../src/worker/redactEvent.ts";

const secret = "sk-1234567890";
const redaction = new Redaction([secret, "short", `-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0\n-----END KEY-----\n`]);

test("secrets are replaced, short values are not mistaken for one, of a key each line counts", () => {
  expect(redaction.text(`x ${secret} short ${secret}`)).toBe("x *** short ***");
  expect(redaction.text("> MIIEvQIBADANBgkqhkiG9w0")).toBe("> ***");
  expect(redaction.value({ [secret]: [secret, 1, null, { a: `b${secret}` }] })).toEqual({ "***": ["***", 1, null, { a: "b***" }] });
});

test("no field of any event holds a secret", () => {
  const call = {
    toolCallId: "a",
    toolName: `t ${secret}`,
    title: `shell · echo ${secret}`,
    input: { command: `echo ${secret}` },
    outputDelta: secret,
    activity: secret,
    locations: [{ path: secret, line: 1 }],
    diffs: [{ path: secret, oldText: secret, newText: secret }],
    exitCode: 0,
  };
  const events: readonly WorkerEventBody[] = [
    { type: "tool_call", call },
    { type: "message", role: "agent", messageId: "m", text: secret },
    { type: "plan", entries: [{ text: secret, status: "pending" }] },
    { type: "progress_update", progress: { percent: 5, message: `shell: ${secret}` } },
    { type: "log", level: "info", message: `"shell: ${secret}" was stopped` },
  ];
  const redacted = events.map((event) => redactEvent(event, redaction));
  expect(JSON.stringify(redacted)).not.toContain(secret);
  expect(redacted[0]).toMatchObject({ call: { toolCallId: "a", exitCode: 0, locations: [{ line: 1 }], title: "shell · echo ***" } });
});

test.each([1, 2, 3, 7])("a secret that comes in pieces of %i characters, with pauses, is hidden as a whole", (size) => {
  vi.useFakeTimers();
  try {
    const out: WorkerEventBody[] = [];
    const buffer = new EventBuffer((event) => out.push(redactEvent(event, redaction)), redaction.openEnd);
    const text = `The key is ${secret}, and sk-12 is none. sk-`;
    for (let at = 0; at < text.length; at += size) {
      buffer.add({ type: "message", role: "agent", messageId: "m", text: text.slice(at, at + size) });
      vi.advanceTimersByTime(1_000);
    }
    const before = out.length;
    buffer.flush();
    expect(before).toBeGreaterThan(1);
    expect(out.map((event) => (event.type === "message" ? event.text : "")).join("")).toBe("The key is ***, and sk-12 is none. sk-");
  } finally {
    vi.useRealTimers();
  }
});

test("a secret over the edge of two long events is hidden too; what is no beginning of one waits for nothing", () => {
  const out: WorkerEventBody[] = [];
  const buffer = new EventBuffer((event) => out.push(redactEvent(event, redaction)), redaction.openEnd);
  const output = (outputDelta: string): void => buffer.add({ type: "tool_call", call: { toolCallId: "a", outputDelta } });
  output(`${"x".repeat(16_380)}sk-1`);
  output(`234567890${"y".repeat(16_000)}`);
  buffer.flush();
  const joined = out.map((event) => (event.type === "tool_call" ? event.call.outputDelta : "")).join("");
  expect(joined).toBe(`${"x".repeat(16_380)}***${"y".repeat(16_000)}`);
});
