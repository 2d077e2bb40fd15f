import type { TaskMasterError } from "../model/errors.ts";

/** Where the user can do something about an error: in the trust of the workspace, or in the settings. */
export function remedyOf({ code, message }: TaskMasterError): "trust" | "settings" | undefined {
  if (code === "UNTRUSTED") return "trust";
  // The other conflicts are between two writers; no setting helps there.
  return code === "CONFLICT" && /^All \d+ slots/.test(message) ? "settings" : undefined;
}
