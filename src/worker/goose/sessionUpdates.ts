/** The notifications of Goose that we use, validated: what does not fit is dropped, what is new to us is ignored. */
import * as v from "valibot";

const nullishString = v.nullish(v.string());
const content = v.array(
  v.looseObject({
    type: v.string(),
    content: v.nullish(v.looseObject({ type: v.string(), text: nullishString })),
    path: nullishString,
    oldText: nullishString,
    newText: nullishString,
    terminalId: nullishString,
  }),
);

const meta = v.looseObject({
  goose: v.nullish(v.looseObject({ toolCall: v.nullish(v.looseObject({ toolName: nullishString, extensionName: nullishString })) })),
  toolNotification: v.nullish(
    v.looseObject({
      /** "live_output" of a command, or what an MCP server or a sub-agent says: "message", "progress". */
      type: v.string(),
      params: v.nullish(
        v.looseObject({
          chunks: v.nullish(v.array(v.looseObject({ output: nullishString }))),
          data: v.optional(v.unknown()),
          message: nullishString,
          progress: v.nullish(v.number()),
          total: v.nullish(v.number()),
        }),
      ),
    }),
  ),
});

/** The mark of a message that was put into a running turn. */
const steerMeta = v.looseObject({ goose: v.nullish(v.looseObject({ steer: v.nullish(v.boolean()) })) });

const message = { content: v.looseObject({ type: v.string(), text: nullishString }), messageId: nullishString };

const toolCall = {
  toolCallId: v.pipe(v.string(), v.minLength(1)),
  title: nullishString,
  status: nullishString,
  kind: nullishString,
  locations: v.nullish(v.array(v.looseObject({ path: v.string(), line: v.nullish(v.number()) }))),
  rawInput: v.optional(v.unknown()),
  rawOutput: v.optional(v.unknown()),
  content: v.nullish(content),
  _meta: v.nullish(meta),
};

/** JSON can name numbers that it cannot hold (1e999); sums of what is counted must stay exact. */
const amount = v.pipe(v.number(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));

const updateSchema = v.variant("sessionUpdate", [
  v.object({ sessionUpdate: v.literal("agent_message_chunk"), ...message }),
  v.object({ sessionUpdate: v.literal("agent_thought_chunk"), ...message }),
  v.object({ sessionUpdate: v.literal("user_message_chunk"), ...message, _meta: v.nullish(steerMeta) }),
  v.object({
    sessionUpdate: v.literal("session_info_update"),
    /** The turn in progress, by its name; null when there is none, absent when this is about something else. */
    _meta: v.nullish(v.looseObject({ goose: v.nullish(v.looseObject({ activeRunId: nullishString })) })),
  }),
  v.object({ sessionUpdate: v.literal("tool_call"), ...toolCall }),
  v.object({ sessionUpdate: v.literal("tool_call_update"), ...toolCall }),
  v.object({ sessionUpdate: v.literal("plan"), entries: v.array(v.looseObject({ content: v.string(), status: nullishString })) }),
  /** In two forms, side by side: ACP's has `size`, Goose's own has `contextLimit` and what the session has used since it began. */
  v.object({
    sessionUpdate: v.literal("usage_update"),
    used: amount,
    size: v.nullish(amount),
    contextLimit: v.nullish(amount),
    accumulatedInputTokens: v.nullish(amount),
    accumulatedOutputTokens: v.nullish(amount),
    accumulatedCost: v.nullish(amount),
  }),
  v.object({ sessionUpdate: v.literal("message_usage"), messageId: v.string() }),
  v.object({ sessionUpdate: v.literal("status_message"), status: v.looseObject({ type: v.string(), message: v.string() }) }),
]);

/** One update of the session that matters to us. */
export type SessionUpdate = v.InferOutput<typeof updateSchema>;
/** A new tool call or news of one. */
export type ToolCallNews = Extract<SessionUpdate, { sessionUpdate: "tool_call" | "tool_call_update" }>;
/** How much was used, in either form. */
export type UsageNews = Extract<SessionUpdate, { sessionUpdate: "usage_update" }>;

const envelope = v.object({ update: v.looseObject({ sessionUpdate: v.string() }) });

const known: ReadonlySet<string> = new Set(updateSchema.options.map((option) => option.entries.sessionUpdate.literal));

/** The update in a notification; "unknown" is a kind that we do not use, "malformed" one that breaks its form. */
export function parseUpdate(method: string, params: unknown): SessionUpdate | "unknown" | "malformed" {
  if (method !== "session/update" && method !== "_goose/unstable/session/update") return "unknown";
  const outer = v.safeParse(envelope, params);
  if (!outer.success) return "malformed";
  if (!known.has(outer.output.update.sessionUpdate)) return "unknown";
  const result = v.safeParse(updateSchema, outer.output.update);
  return result.success ? result.output : "malformed";
}
