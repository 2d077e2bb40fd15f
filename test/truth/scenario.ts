/** The language of the table of truth: a scenario is what goes wrong (or right) and the one end that it may have. */
import type { ErrorClass } from "../../src/model/errorClasses.ts";
import type { ErrorCode } from "../../src/model/errors.ts";
import type { EngineSettings } from "../../src/model/settings.ts";
import { byPrompt, type ModelReply, type ModelScript, type ScriptedCall } from "../helpers/modelServer.ts";
import type { ProductEngine } from "../helpers/productEngine.ts";
import type { TempRepo } from "../helpers/tempRepo.ts";

/** What follows from a failure while the task has tries left: another try, a wait that costs none, the end, the end of the queue. */
export type Consequence = "again" | "waits" | "fails" | "stops the queue";

export interface ExpectedFailure {
  readonly code: ErrorCode;
  readonly errorClass: ErrorClass;
  readonly next: Consequence;
  /** The message says what happened and what to do. */
  readonly says: RegExp;
  /** A file that must be under the ref of unfinished work. */
  readonly keeps?: string;
}

/** An end with evidence. `tells`: what the journal must say besides. */
export interface ExpectedSuccess {
  readonly done: true;
  readonly files: readonly string[];
  readonly tells?: RegExp;
}

export interface Scenario {
  readonly name: string;
  readonly script?: ModelScript;
  /** Further environment of the engine; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly settings?: Partial<EngineSettings>;
  /** The program in the place of Goose: the lines of a bash script, or an absolute path. */
  readonly program?: { readonly lines: string; readonly mode?: number } | { readonly path: string };
  /** Files of the first commit, besides README.md. */
  readonly files?: Readonly<Record<string, string>>;
  /** Files that lie in the user's checkout, uncommitted. */
  readonly untracked?: Readonly<Record<string, string>>;
  /** What else is in the repository before the task begins. */
  readonly prepare?: (repo: TempRepo) => void;
  readonly accept?: readonly string[];
  /** How often the task is run (each one an attempt); the last end counts. */
  readonly runs?: number;
  /** What happens besides, while the task runs. */
  readonly meddle?: (product: ProductEngine) => Promise<void>;
  /** Whether the agent did at all what the scenario is about, where the end does not show it. */
  readonly happened?: (product: ProductEngine) => boolean;
  readonly expected: ExpectedFailure | ExpectedSuccess;
}

/** One row of the table. */
export interface Row {
  readonly name: string;
  readonly expected: string;
  readonly got: string;
  readonly message: string;
  readonly isFalseSuccess: boolean;
  /** What differs from what was expected; empty when nothing does. */
  readonly differences: readonly string[];
}

/** The same turns in every session: the n-th reply answers the n-th turn, the last one repeats. */
export function turns(...replies: readonly ModelReply[]): ModelScript {
  return byPrompt([["", replies]]);
}

export function say(text: string): ModelReply {
  return { kind: "text", text };
}

/** A turn with one tool call, and words before it. */
export function call(one: ScriptedCall, text = "I begin."): ModelReply {
  return { kind: "tools", text, calls: [one] };
}

export function shell(command: string, text?: string): ModelReply {
  return call({ name: "shell", arguments: { command } }, text);
}

export function write(path: string, content = "hello\n"): ModelReply {
  return call({ name: "write", arguments: { path, content } });
}
