import { TaskMasterError } from "../model/errors.ts";

/** Who ended a run from outside, and so what becomes of it: stopped, cancelled, its place kept, or no longer ours. */
export type EndIntent = "stop" | "cancel" | "shutdown" | "lease_lost";

/** The reason that a run's AbortSignal carries. */
export class RunEnd extends TaskMasterError {
  readonly intent: EndIntent;

  constructor(intent: EndIntent, message: string) {
    super("CANCELLED", message);
    this.intent = intent;
  }
}
