/** The verbs of the loop and what it tells of an attempt. */
import type { TaskMasterError } from "../model/errors.ts";
import type { Attempt, AttemptStep } from "../model/task.ts";
import type { AbortOptions, AgentResult, CommitResult, GitOperations, LeasedTask, Logger, Workspace, VerbOptions } from "./ports.ts";
import type { EndIntent } from "./runEnd.ts";

/** The verdict on an attempt's work. `feedback` is what the agent is told when it may try again; without it no agent can help, now or later. */
export type Verification = { readonly ok: true; readonly summary: string } | { readonly ok: false; readonly message: string; readonly feedback?: string };

/** How an attempt ended, as the loop reports it. */
export type TaskOutcome =
  | { readonly kind: "completed"; readonly summary: string; readonly commit: CommitResult; readonly workspace: Workspace; readonly notPushed?: string }
  | {
      readonly kind: "failed";
      readonly error: TaskMasterError;
      /** Set when the run was ended from outside; then `error` is only its echo. */
      readonly end?: EndIntent;
      /** Where uncommitted work was saved. */
      readonly savedAs?: string;
    };

/** The verbs of the loop, injected so that the same loop drives real Goose, a fake, a terminal and a test. */
export interface LooperDeps {
  /** The next leased task, `empty` when there is none, `aborted` when the signal ended the wait. One at a time until acknowledged. */
  readonly pullTask: (options: AbortOptions) => Promise<LeasedTask | "empty" | "aborted">;
  readonly git: GitOperations;
  /** Runs the agent on the task, or on the feedback to its earlier answer. */
  readonly runWorker: (leased: LeasedTask, workspace: Workspace, options: VerbOptions & { readonly feedback?: string }) => Promise<AgentResult>;
  readonly verify: (leased: LeasedTask, workspace: Workspace, result: AgentResult, options: VerbOptions) => Promise<Verification>;
  readonly ackTask: (leased: LeasedTask, outcome: TaskOutcome) => Promise<void>;
  /** Records a step that is behind us. */
  readonly checkpoint: (leased: LeasedTask, step: AttemptStep, data: Partial<Attempt>) => Promise<void>;
  readonly log: Logger;
  readonly sleep: (ms: number, options: AbortOptions) => Promise<void>;
}
