import type { TaskMasterError } from "../model/errors.ts";

/** Where the user can do something about an error: in the trust of the workspace, in the settings, or by loading the window again. */
export function remedyOf({ code, message }: TaskMasterError): "trust" | "settings" | "reload" | undefined {
  if (code === "UNTRUSTED") return "trust";
  // A queue that was lost or damaged while it was open; its other failures pass, or lie outside of VS Code.
  if ((code === "STORE_FAILED" || code === "STORE_CORRUPT") && /\breload\b/i.test(message)) return "reload";
  // The other conflicts are between two writers; no setting helps there.
  return code === "CONFLICT" && /^All \d+ slots/.test(message) ? "settings" : undefined;
}
