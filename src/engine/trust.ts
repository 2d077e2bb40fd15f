import { untrusted } from "../model/errors.ts";
import type { QueueDeps } from "./engineDeps.ts";

/** UNTRUSTED unless the user trusts the repository. */
export function assertTrusted({ isTrusted }: Pick<QueueDeps, "isTrusted">): void {
  if (!isTrusted()) throw untrusted();
}
