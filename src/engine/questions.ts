import { maxQuestionText, textField, type PermissionQuestion } from "../model/permission.ts";
import type { PermissionRequest } from "../model/toolCall.ts";
import type { PermissionRuling } from "./permissionPolicy.ts";
import type { Clock, Random } from "./ports.ts";

const maxTitle = 200;
const maxOtherInput = 20_000;

/** What the user is asked about a tool call. */
export function questionOf(
  request: PermissionRequest,
  { why, covers }: Extract<PermissionRuling, { kind: "ask" }>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): PermissionQuestion {
  const { toolCallId, toolName, title, input, diff } = request;
  const command = textField(input, "command");
  const shown = command === undefined ? (diff?.path ?? textField(input, "path") ?? title) : command;
  return {
    id: Math.floor(random() * 36 ** 10)
      .toString(36)
      .padStart(10, "0"),
    toolCallId,
    toolName,
    title: oneLine(shown === "" ? toolName : shown),
    ...inputOf(request, command),
    ...(diff === undefined ? {} : { diff: { ...diff, newText: diff.newText.slice(0, maxQuestionText) } }),
    why,
    ...(covers === undefined ? {} : { covers }),
    askedAt: clock.now(),
  };
}

/** A command whole; the texts of a change are in its diff; of anything else as much as a person reads. */
function inputOf({ input, diff }: PermissionRequest, command: string | undefined): Pick<PermissionQuestion, "input"> {
  if (command !== undefined) return { input: { command } };
  if (input === undefined || diff !== undefined) return {};
  return JSON.stringify(input).length <= maxOtherInput ? { input } : { input: { omitted: "too long to be shown" } };
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= maxTitle ? line : `${line.slice(0, maxTitle - 1)}…`;
}
