import type { TaskStatus } from "../../model/task.ts";
import { maxSaid } from "../../model/runWish.ts";

/** What sending a message does now, in the words over the field. */
export function composerLabel(status: TaskStatus): string {
  switch (status) {
    case "todo":
    case "blocked":
      return "Message to Goose, told when the task runs";
    case "in_progress":
      return "Message to Goose";
    case "paused":
      return "Message to Goose, told when the task goes on";
    default:
      return "Follow up: continues the session in a new attempt";
  }
}

/** Whether messages can be sent at all. */
export interface ComposerState {
  readonly isConnected: boolean;
  readonly isTrusted: boolean;
  readonly isSending: boolean;
}

/** Why nothing can be sent now; undefined when it can. */
export function composerObstacle({ isConnected, isTrusted, isSending }: ComposerState): string | undefined {
  if (!isConnected) return "This view has lost its connection: nothing can be sent.";
  if (!isTrusted) return "This workspace is not trusted: its tasks can only be looked at.";
  return isSending ? "Sending…" : undefined;
}

/** Why this text cannot be sent; undefined when it can, also by an empty field that only has nothing to send. */
export function textProblem(text: string): string | undefined {
  const { length } = text.trim();
  return length <= maxSaid ? undefined : `${length} characters; at most ${maxSaid} are possible. Put long material into a file of the repository and name it.`;
}
