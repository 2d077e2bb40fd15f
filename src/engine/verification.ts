import type { Gate } from "../base/gate.ts";
import type { AgentResult, CommandCheck, GitOperations, Verifier } from "./ports.ts";
import type { LooperDeps, Verification } from "./looper.ts";
import { nothingToChange } from "./taskContext.ts";

/** Whether the agent said in so many words that the right change is none. */
export function saysNothingToChange(finalMessage: string): boolean {
  return finalMessage.toUpperCase().includes(nothingToChange);
}

/** The verdict on finished work: a change of files or the explicit statement that none is needed, and every acceptance command passes. */
export function judge(result: AgentResult, changedFiles: readonly string[], checks: readonly CommandCheck[]): Verification {
  if (changedFiles.length === 0 && !saysNothingToChange(result.finalMessage)) {
    return {
      ok: false,
      message: "Goose ended without changing a file and without saying that nothing had to change.",
      feedback: `No file has changed. Do the task now. If it truly needs no change of any file, begin your last message with "${nothingToChange}:" and say why.`,
    };
  }
  const failed = checks.find((check) => check.exitCode !== 0);
  if (failed !== undefined) {
    const how = failed.timedOut ? "did not end in time" : `ended with exit code ${failed.exitCode}`;
    return {
      ok: false,
      message: `The acceptance command "${failed.command}" ${how}.`,
      feedback: `The acceptance command \`${failed.command}\` ${how}. The end of its output:\n\n${failed.outputTail}\n\nMend the work so that it passes.`,
    };
  }
  return { ok: true, summary: result.finalMessage };
}

/** What the check of finished work needs. */
export interface WorkCheckDeps {
  readonly git: Pick<GitOperations, "changes">;
  readonly verifier: Verifier;
  /** Where it waits while the task is paused. */
  readonly gate?: Gate;
}

/** The loop's `verify`: looks at the changes, runs the acceptance commands and judges. */
export function createWorkCheck({ git, verifier, gate }: WorkCheckDeps): LooperDeps["verify"] {
  return async (leased, workspace, result, options) => {
    await gate?.passed(options.signal);
    const files = await git.changes(leased, workspace, options);
    const checks = await verifier.runCommands(leased, workspace, options);
    await gate?.passed(options.signal);
    return judge(result, files, checks);
  };
}
