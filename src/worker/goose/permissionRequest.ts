import type { JsonValue } from "../../base/json.ts";
import type { PermissionRequest } from "../../model/toolCall.ts";
import type { Redaction } from "../process/redaction.ts";
import { fileChange } from "./fileChange.ts";
import { capInput } from "./capInput.ts";

const maxName = 4_000;
const maxId = 256;

/** A tool call as the engine decides on it: its input, cut where it is long, and for files what is really there. */
export async function permissionRequest(
  worktree: string,
  { toolCallId, toolName, title, rawInput }: Pick<PermissionRequest, "toolCallId" | "toolName" | "title"> & { readonly rawInput: unknown },
): Promise<PermissionRequest> {
  const input = rawInput === undefined || rawInput === null ? undefined : capInput(rawInput);
  const isCut = input !== undefined && JSON.stringify(input) !== JSON.stringify(rawInput);
  return {
    toolCallId: toolCallId.slice(0, maxId),
    toolName: toolName.slice(0, maxName),
    title: title.slice(0, maxName),
    ...(input === undefined ? {} : { input }),
    ...(isCut ? { isCut } : {}),
    ...(await fileChange(worktree, toolName, rawInput)),
  };
}

/** As it may be shown and stored; which call it is, and which file it is about, stays as it is. */
export function withoutSecrets(request: PermissionRequest, { value }: Pick<Redaction, "value">): PermissionRequest {
  const { toolCallId, target } = request;
  const shown = value(request as unknown as JsonValue) as unknown as PermissionRequest;
  return { ...shown, toolCallId, ...(target === undefined ? {} : { target }) };
}
