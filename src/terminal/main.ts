import { abortable } from "../base/abort.ts";
import { addTask } from "./addTask.ts";
import { answerQuestion } from "./answerQuestion.ts";
import { changeDependencies } from "./changeDependencies.ts";
import { changeTask } from "./changeTask.ts";
import type { OpenedQueue, TerminalHost, VerbContext } from "./context.ts";
import { doctor } from "./doctor.ts";
import { exitCodeOfSignal, exitCodes } from "./exitCodes.ts";
import { followLog } from "./followLog.ts";
import { helpText } from "./help.ts";
import { Output } from "./output.ts";
import { asksForJson, type Command, type GlobalOptions, type ParsedArguments, parseArguments } from "./parseArguments.ts";
import { resumeQueue } from "./queueText.ts";
import { listTasks, showTask } from "./readTasks.ts";
import { removeTask } from "./removeTask.ts";
import { resumeTask, runTasks } from "./runTasks.ts";
import { sayToTask } from "./sayToTask.ts";
import { type SignalWatch, watchSignals } from "./signals.ts";

type WorkCommand = Exclude<Command, { readonly verb: "help" | "version" }>;
type QueueCommand = Exclude<WorkCommand, { readonly verb: "doctor" }>;

/** What only looks must not change what it sees. */
const lookingVerbs: ReadonlySet<Command["verb"]> = new Set(["list", "show", "logs", "doctor"]);

/** Runs one command line and resolves with the exit code; everything that it started has ended then. */
export async function runTerminal(host: TerminalHost): Promise<number> {
  let parsed: ParsedArguments;
  try {
    parsed = parseArguments(host.argv);
  } catch (thrown) {
    return new Output({ ...host, json: asksForJson(host.argv), color: "auto", verbosity: 0 }).error(thrown);
  }
  const output = new Output({ ...host, ...parsed.options });
  const { command, options } = parsed;
  if (command.verb === "help" || command.verb === "version") return tell(host, output, command.verb);
  const signals = watchSignals(host.signals, {
    now: () => performance.now(),
    onFirst: () => {
      if (command.verb === "run" || command.verb === "resume") output.note("Stopping; running tasks keep their place. Once more to quit at once.");
    },
    atOnce: (signal) => host.exitNow(exitCodeOfSignal(signal)),
  });
  try {
    const exitCode = await withQueue({ host, output, signals, options }, command);
    return signals.received === undefined ? exitCode : exitCodeOfSignal(signals.received);
  } finally {
    signals.dispose();
  }
}

function tell(host: TerminalHost, output: Output, verb: "help" | "version"): number {
  if (verb === "help") {
    output.record("help", { text: helpText });
    output.line(helpText.trimEnd());
  } else {
    output.record("version", { version: host.version });
    output.line(host.version);
  }
  return exitCodes.ok;
}

interface Session {
  readonly host: TerminalHost;
  readonly output: Output;
  readonly signals: SignalWatch;
  readonly options: GlobalOptions;
}

async function withQueue({ host, output, signals, options }: Session, command: WorkCommand): Promise<number> {
  const lost = new AbortController();
  const signal = AbortSignal.any([signals.aborted, host.stdoutClosed, lost.signal]);
  let opening: Promise<OpenedQueue> | undefined;
  let closing: Promise<void> | undefined;
  const open = (): Promise<OpenedQueue> => (opening ??= host.open(options, lookingVerbs.has(command.verb)));
  const close = (): Promise<void> =>
    (closing ??= Promise.resolve(opening).then(
      (queue) => queue?.dispose(),
      // What could not be opened was reported and holds nothing.
      () => undefined,
    ));
  try {
    if (command.verb === "doctor") return await abortable(doctor(output, open), signal);
    const { engine, warnings, onTrouble, isOwnerGone } = await abortable(open(), signal);
    for (const warning of warnings) output.warning(warning.message);
    onTrouble((error) => {
      // A damaged queue may well do for this command; one that is lost remembers nothing any more.
      if (error.code === "STORE_CORRUPT") output.warning(error.message);
      else lost.abort(error);
    });
    const verb = runVerb({ engine, output, isOwnerGone, stdin: host.stdin, signal, stdoutClosed: host.stdoutClosed, close }, command);
    // A run needs its queue closed before it can tell how its tasks ended, so it ends itself.
    const exitCode = await (command.verb === "run" || command.verb === "resume" ? verb : abortable(verb, signal));
    return lost.signal.aborted ? output.error(lost.signal.reason) : exitCode;
  } catch (thrown) {
    if (lost.signal.aborted) return output.error(lost.signal.reason);
    return signal.aborted ? exitCodes.ok : output.error(thrown);
  } finally {
    await close();
  }
}

function runVerb(context: VerbContext, command: QueueCommand): Promise<number> {
  switch (command.verb) {
    case "add":
      return addTask(context, command);
    case "list":
      return listTasks(context);
    case "show":
      return showTask(context, command.id);
    case "run":
      return runTasks(context, command);
    case "resumeQueue":
      return resumeQueue(context);
    case "resume":
      return resumeTask(context, command.id);
    case "depends":
      return changeDependencies(context, command);
    case "say":
      return sayToTask(context, command);
    case "remove":
      return removeTask(context, command.id);
    case "answer":
      return answerQuestion(context, command);
    case "logs":
      return followLog(context, command);
    default:
      return changeTask(context, command.verb, command.id);
  }
}
