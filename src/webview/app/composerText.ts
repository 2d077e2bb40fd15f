import { t } from "../../base/l10n.ts";
import type { TaskStatus } from "../../model/task.ts";
import { maxSaid } from "../../model/runWish.ts";

/** What sending a message does now, in the words over the field. */
export function composerLabel(status: TaskStatus): string {
  switch (status) {
    case "todo":
    case "blocked":
      return t("Message to Goose, told when the task runs");
    case "in_progress":
      return t("Message to Goose");
    case "paused":
      return t("Message to Goose, told when the task goes on");
    default:
      return t("Follow up: continues the session in a new attempt");
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
  if (!isConnected) return t("This view has lost its connection: nothing can be sent.");
  if (!isTrusted) return t("This workspace is not trusted: its tasks can only be looked at.");
  return isSending ? t("Sending…") : undefined;
}

/** Why this text cannot be sent; undefined when it can, also by an empty field that only has nothing to send. */
export function textProblem(text: string): string | undefined {
  const { length } = text.trim();
  if (length <= maxSaid) return undefined;
  return t("{0} characters; at most {1} are possible. Put long material into a file of the repository and name it.", length, maxSaid);
}
