/** What an engine's process is started with, as JSON in its first argument. */
export interface EngineProcessOptions {
  readonly database: string;
  readonly effects: string;
  /** Gets a line for each warning and error. */
  readonly log: string;
  readonly seed: number;
  /** Where the fast time begins, the same for all. */
  readonly begin: number;
  /** Takes the check of the lease away, to prove that the chaos would notice. */
  readonly withoutFencing?: boolean;
}
