import type { TaskWrite } from "../engine/ports.ts";
import type { Row } from "./rowCodec.ts";

/** Why a write does not count, if so. A lost lease is told before a version conflict: it is final. */
export function refusalOf({ task, token }: TaskWrite, head: Row | undefined): "conflict" | "stale_lease" | "missing" | undefined {
  if (head === undefined) return "missing";
  const version = Number(head["version"]);
  if (token === undefined) return task.version === version ? undefined : "conflict";
  if (head["lease_token"] !== token) return "stale_lease";
  return task.version >= Number(head["state_version"]) && task.version <= version ? undefined : "conflict";
}
