/** What is told to a turn in progress, beside pause, resume and cancel. */
export type RunWish =
  /** Words of the user for the agent, to be taken up behind the step that it is at; `id` names them in the answer. */
  | { readonly type: "say"; readonly id: string; readonly text: string }
  /** Ends one tool call; the turn goes on. */
  | { readonly type: "stop_tool_call"; readonly toolCallId: string };

/** Longest words of the user at once (characters). */
export const maxSaid = 20_000;
