/**
 * The wire between the main thread (src/host) and a worker thread (src/worker). Both directions post arrays of
 * messages; every message is validated by the receiver, dropped and counted when it does not fit.
 */
import * as v from "valibot";
import type { TaskId } from "../model/ids.ts";
import { maxSaid } from "../model/runWish.ts";
import { logLevels, messageRoles, planStatuses } from "../model/taskEvent.ts";
import { permissionOutcomes, toolCallStatuses } from "../model/toolCall.ts";
import { jsonObjectSchema, jsonValueSchema } from "./json.ts";
import { serializedErrorSchema } from "./serializedError.ts";

/** Both sides must speak the same version; a worker of another one is refused at `ready`. */
export const hostWorkerVersion = 2;

/**
 * So many events of an invocation may be on their way to the journal; the worker holds back what is more until the host has
 * acknowledged some. A worker that sends more is ended. 256 keep the host's thread responsive at full throughput (measured).
 */
export const maxUnacknowledged = 256;

/** Most messages of one post: the host's thread is free for others between two. */
export const maxBatch = 64;

/** Longest text of one event (characters); the worker splits or cuts what is longer. */
export const maxEventText = 65_536;

/** Most files that one event of a tool call names. */
const maxPlaces = 1_000;

/** Longest id of a session of Goose. */
export const maxSessionId = 512;

/** Events wait at most this long (ms) before they are posted as one batch. */
export const batchIntervalMs = 16;

const text = v.pipe(v.string(), v.maxLength(maxEventText));
const shortText = v.pipe(v.string(), v.maxLength(4_096));
const invocationId = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const taskId = v.pipe(
  v.string(),
  v.regex(/^[0-9a-hjkmnp-tv-z]{8}$/),
  v.transform((id) => id as TaskId),
);
const tokens = v.pipe(v.number(), v.minValue(0), v.finite());

const progressSchema = v.object({
  percent: v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
  message: shortText,
  metadata: v.exactOptional(jsonObjectSchema),
});

const diffSchema = v.object({ path: shortText, oldText: v.exactOptional(text), newText: text });

const toolCallSchema = v.object({
  toolCallId: v.pipe(v.string(), v.minLength(1), v.maxLength(256)),
  status: v.exactOptional(v.picklist(toolCallStatuses)),
  toolName: v.exactOptional(shortText),
  title: v.exactOptional(shortText),
  input: v.exactOptional(jsonValueSchema),
  outputDelta: v.exactOptional(text),
  diffs: v.exactOptional(v.pipe(v.array(diffSchema), v.maxLength(maxPlaces))),
  exitCode: v.exactOptional(v.pipe(v.number(), v.safeInteger())),
  kind: v.exactOptional(shortText),
  locations: v.exactOptional(
    v.pipe(v.array(v.object({ path: shortText, line: v.exactOptional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))) })), v.maxLength(maxPlaces)),
  ),
  activity: v.exactOptional(shortText),
});

const usageSchema = v.object({
  inputTokens: tokens,
  outputTokens: tokens,
  costUsd: v.exactOptional(tokens),
  turns: v.exactOptional(tokens),
  activeMs: v.exactOptional(tokens),
  contextUsed: v.exactOptional(tokens),
  contextSize: v.exactOptional(tokens),
});

const finite = v.pipe(v.number(), v.finite());

/** All that a worker may say about how far an attempt is: other steps, branches, folders and commits are the engine's word alone. */
const checkpointSchema = v.object({
  type: v.literal("checkpoint"),
  step: v.literal("session"),
  data: v.exactOptional(
    v.object({
      sessionId: v.pipe(v.string(), v.minLength(1), v.maxLength(maxSessionId)),
      usageOffset: v.exactOptional(v.object({ inputTokens: finite, outputTokens: finite, costUsd: finite })),
    }),
  ),
});

/** What a handler may report while it works, in journal form. */
export const workerEventSchema = v.variant("type", [
  v.object({ type: v.literal("progress_update"), progress: progressSchema }),
  v.object({ type: v.literal("message"), role: v.picklist(messageRoles), messageId: v.pipe(v.string(), v.maxLength(256)), text }),
  v.object({ type: v.literal("tool_call"), call: toolCallSchema }),
  v.object({ type: v.literal("plan"), entries: v.pipe(v.array(v.object({ text: shortText, status: v.picklist(planStatuses) })), v.maxLength(200)) }),
  checkpointSchema,
  v.object({ type: v.literal("usage"), usage: usageSchema }),
  v.object({ type: v.literal("log"), level: v.picklist(logLevels), message: text }),
]);

/** Worker to host. */
export const workerMessageSchema = v.variant("type", [
  v.object({ type: v.literal("ready"), version: v.number(), handlers: v.array(shortText) }),
  v.object({ type: v.literal("claim"), invocationId }),
  v.object({ type: v.literal("heartbeat"), invocationIds: v.array(invocationId) }),
  v.object({ type: v.literal("event"), invocationId, event: workerEventSchema }),
  v.object({
    type: v.literal("permission"),
    invocationId,
    requestId: shortText,
    request: v.object({
      toolCallId: v.pipe(v.string(), v.maxLength(256)),
      toolName: shortText,
      title: shortText,
      input: v.exactOptional(jsonValueSchema),
      isCut: v.exactOptional(v.boolean()),
      target: v.exactOptional(v.object({ path: shortText, isInside: v.boolean() })),
      diff: v.exactOptional(diffSchema),
    }),
  }),
  v.object({ type: v.literal("completed"), invocationId, output: jsonValueSchema }),
  v.object({ type: v.literal("failed"), invocationId, error: serializedErrorSchema }),
]);
export type WorkerMessage = v.InferOutput<typeof workerMessageSchema>;

const runWishSchema = v.variant("type", [
  v.object({ type: v.literal("say"), id: v.pipe(v.string(), v.minLength(1), v.maxLength(256)), text: v.pipe(v.string(), v.maxLength(maxSaid)) }),
  v.object({ type: v.literal("stop_tool_call"), toolCallId: v.pipe(v.string(), v.maxLength(256)) }),
]);

/** Host to worker. */
export const hostMessageSchema = v.variant("type", [
  v.object({
    type: v.literal("run"),
    invocationId,
    invocation: v.object({ taskId, attempt: v.pipe(v.number(), v.integer(), v.minValue(0)), handler: shortText, input: jsonObjectSchema }),
  }),
  v.object({ type: v.literal("pause"), invocationId }),
  v.object({ type: v.literal("resume"), invocationId }),
  v.object({ type: v.literal("tell"), invocationId, wish: runWishSchema }),
  v.object({ type: v.literal("cancel"), invocationId, reason: shortText }),
  v.object({ type: v.literal("permission"), invocationId, requestId: shortText, outcome: v.picklist(permissionOutcomes) }),
  /** So many more events of the invocation are in the journal, or never will be. */
  v.object({ type: v.literal("acknowledge"), invocationId, events: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(maxUnacknowledged)) }),
  v.object({ type: v.literal("shutdown"), graceMs: v.pipe(v.number(), v.minValue(0)) }),
]);
export type HostMessage = v.InferOutput<typeof hostMessageSchema>;

/** Validates one message; undefined when it does not fit. */
export function parseWorkerMessage(value: unknown): WorkerMessage | undefined {
  const result = v.safeParse(workerMessageSchema, value);
  return result.success ? result.output : undefined;
}

/** Validates one message; undefined when it does not fit. */
export function parseHostMessage(value: unknown): HostMessage | undefined {
  const result = v.safeParse(hostMessageSchema, value);
  return result.success ? result.output : undefined;
}
