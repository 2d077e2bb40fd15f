import type { Event } from "../base/event.ts";
import type { TaskEngineFacade } from "../engine/facade.ts";
import type { ErrorCode, TaskMasterError } from "../model/errors.ts";
import type { Output, TextSink } from "./output.ts";
import type { GlobalOptions } from "./parseArguments.ts";

/** One line of doctor's report. */
export interface SetupCheck {
  readonly name: "node" | "git" | "repository" | "goose" | "provider" | "queue";
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
  /** For programs: why it is not. */
  readonly code?: ErrorCode;
}

/** An open queue, as the composition gives it. */
export interface OpenedQueue {
  readonly engine: TaskEngineFacade;
  readonly warnings: readonly TaskMasterError[];
  /** Tells that the queue was lost while it was open (STORE_FAILED), or is damaged (STORE_CORRUPT). */
  readonly onTrouble: Event<TaskMasterError>;
  /** Whether the process of a lease's owner has certainly ended. */
  readonly isOwnerGone: (owner: string) => boolean;
  checkSetup(): Promise<readonly SetupCheck[]>;
  /** Lets running tasks keep their place and ends everything that was started; idempotent. */
  dispose(): Promise<void>;
}

/** Where signals of the operating system arrive; the part of `process` that is needed. */
export interface SignalSource {
  on(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
  removeListener(signal: NodeJS.Signals, listener: (signal: NodeJS.Signals) => void): unknown;
}

/** The process that a command line runs in; injected so that tests need none. */
export interface TerminalHost {
  /** The words behind the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: AsyncIterable<Uint8Array | string>;
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly version: string;
  readonly signals: SignalSource;
  /** Ends the process at once (second signal). */
  readonly exitNow: (exitCode: number) => void;
  /** Aborts when stdout cannot be written any more, mostly because nobody reads it. */
  readonly stdoutClosed: AbortSignal;
  /** Opens the queue; `isForLooking` when nothing of it shall be taken up, put right or run. */
  readonly open: (options: GlobalOptions, isForLooking: boolean) => Promise<OpenedQueue>;
}

/** What every verb works with. */
export interface VerbContext {
  readonly engine: TaskEngineFacade;
  readonly output: Output;
  readonly isOwnerGone: OpenedQueue["isOwnerGone"];
  readonly stdin: AsyncIterable<Uint8Array | string>;
  /** Aborts at the first signal and when stdout is closed. */
  readonly signal: AbortSignal;
  readonly stdoutClosed: AbortSignal;
  /** Ends the queue gracefully; idempotent. */
  readonly close: () => Promise<void>;
}
