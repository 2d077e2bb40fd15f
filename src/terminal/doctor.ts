import type { OpenedQueue, SetupCheck } from "./context.ts";
import { cleanLine } from "./cleanText.ts";
import { toTaskMasterError } from "../model/errors.ts";
import { exitCodes } from "./exitCodes.ts";
import type { Output } from "./output.ts";

/** doctor: checks what a run needs; exit code 3 when something is missing. */
export async function doctor(output: Output, open: () => Promise<OpenedQueue>): Promise<number> {
  const checks = await check(open);
  for (const each of checks) {
    output.record("check", { name: each.name, ok: each.ok, detail: each.detail, fix: each.fix ?? null, code: each.code ?? null });
    const mark = each.ok ? output.paint.green("ok  ") : output.paint.red("FAIL");
    output.line(`${mark} ${each.name.padEnd(10)} ${cleanLine(each.detail)}`);
    if (!each.ok && each.fix !== undefined) output.line(`     ${"".padEnd(10)} ${cleanLine(each.fix)}`);
  }
  return checks.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.precondition;
}

async function check(open: () => Promise<OpenedQueue>): Promise<readonly SetupCheck[]> {
  try {
    return await (await open()).checkSetup();
  } catch (thrown) {
    // A queue that cannot be opened is a finding, not a failure of doctor.
    const error = toTaskMasterError(thrown);
    return [{ name: "queue", ok: false, detail: error.message, code: error.code }];
  }
}
