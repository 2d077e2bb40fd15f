import type { Gate } from "../base/gate.ts";
import type { AgentResult, CommandCheck, GitOperations, LeasedTask, Verifier } from "./ports.ts";
import type { LooperDeps, Verification } from "./looper.ts";
import { nothingToChange } from "./taskContext.ts";

/** At the very beginning, perhaps as a heading or in bold but not in quotes, and with a reason behind it. */
const claim = new RegExp(`^[\\s#*_]*${nothingToChange}[*_]*\\s*[:.,–—-][*_\\s]*[\\p{L}\\p{N}"'\`(]`, "iu");

/** How many paths a message names. */
const maxNamed = 10;

/** Whether the agent said, in the words that it was given for it and with a reason, that the right change is none. */
export function saysNothingToChange(finalMessage: string): boolean {
  return claim.test(finalMessage);
}

/** The verdict on finished work: a change of files or the explicit statement that none is needed, and every acceptance command passes. */
export function judge(result: AgentResult, changedFiles: readonly string[], checks: readonly CommandCheck[]): Verification {
  const failed = checks.find((check) => check.exitCode !== 0);
  if (failed !== undefined) return notAccepted(failed);
  // Where words and files contradict each other, commands that pass settle it.
  if (changedFiles.length > 0 && checks.length === 0 && saysNothingToChange(result.finalMessage)) return contradiction(changedFiles);
  return lacksEvidence(result, changedFiles) ?? { ok: true, summary: result.finalMessage };
}

/** The verdict on an answer that neither changed a file nor says that none has to change; undefined when there is more to look at. */
function lacksEvidence({ finalMessage }: AgentResult, changedFiles: readonly string[]): Verification | undefined {
  if (changedFiles.length > 0 || saysNothingToChange(finalMessage)) return undefined;
  return {
    ok: false,
    message:
      "Goose ended without changing a file and without saying that nothing had to change. Say in the text of the task which file shall change, then Retry it.",
    feedback: `No file has changed. Do the task now. If it truly needs no change of any file, begin your last message with "${nothingToChange}:" and say why.`,
  };
}

function named(files: readonly string[]): string {
  const more = files.length - maxNamed;
  return files.slice(0, maxNamed).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** No feedback: the same commands would do the same again. */
function takenBack(changedFiles: readonly string[]): Verification {
  return {
    ok: false,
    message: `The acceptance commands took back all that Goose had changed (${named(changedFiles)}), so that there is nothing to commit. Mend the commands, then Retry the task.`,
  };
}

function contradiction(changedFiles: readonly string[]): Verification {
  const files = named(changedFiles);
  return {
    ok: false,
    message: `Goose said that nothing had to change, but it changed ${files}. Look at what it did; say more clearly what shall change, then Retry the task.`,
    feedback: `You said that nothing has to change, but these files differ from what you began with: ${files}. If the task needs these changes, end with a summary of them. If it does not, undo them, then begin your last message with "${nothingToChange}:" and say why.`,
  };
}

function notAccepted(check: CommandCheck): Verification {
  const { how, remedy } = howItFailed(check);
  return {
    ok: false,
    message: `The acceptance command "${check.command}" ${how}. ${remedy}`,
    feedback: `The acceptance command \`${check.command}\` ${how}.\n\nThe end of its output:\n\n${check.outputTail}\n\nMend the work so that it passes.`,
  };
}

function howItFailed({ exitCode, timedOut }: CommandCheck): { readonly how: string; readonly remedy: string } {
  if (timedOut)
    return { how: "did not end in time", remedy: "It has 15 minutes, or the task's own limit when that is less: make it faster, then Retry the task." };
  const how = `ended with exit code ${exitCode}`;
  // As shells count.
  if (exitCode === 127) return { how: `${how}: a program was not found`, remedy: "Install the program or mend the command, then Retry the task." };
  if (exitCode === 126) return { how: `${how}: a program is not executable`, remedy: "Make it executable or mend the command, then Retry the task." };
  return { how, remedy: "Look at its output in the run view, mend the task or the command, then Retry the task." };
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
  /** Files that acceptance commands wrote before they failed: nobody's work, so no evidence in the next round. */
  const writtenByCommands = new WeakMap<LeasedTask, ReadonlySet<string>>();
  return async (leased, workspace, result, options) => {
    await gate?.passed(options.signal);
    const before = await git.changes(leased, workspace, options);
    const written = writtenByCommands.get(leased) ?? new Set();
    const files = before.filter((file) => !written.has(file));
    const lacking = lacksEvidence(result, files);
    if (lacking !== undefined) return lacking;
    const checks = await verifier.runCommands(leased, workspace, options);
    await gate?.passed(options.signal);
    const verdict = judge(result, files, checks);
    if (checks.length === 0 || (verdict.ok && files.length === 0)) return verdict;
    const after = await git.changes(leased, workspace, options);
    if (!verdict.ok) {
      writtenByCommands.set(leased, new Set([...written, ...after.filter((file) => !before.includes(file))]));
      return verdict;
    }
    // "git clean" and the like: what is committed is what they left.
    const gone = files.filter((file) => !after.includes(file));
    if (gone.length === 0) return verdict;
    if (gone.length === files.length) return takenBack(gone);
    await options.onEvents?.([{ type: "log", level: "warn", message: `Not committed, because the acceptance commands took it back: ${named(gone)}` }]);
    return verdict;
  };
}
