/** What an attempt has used so far, as Goose reports it (accumulated over the session). Cost in US dollars, absent for unpriced models. */
export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd?: number;
  /** Tokens in the context window now, and its size. */
  readonly contextUsed?: number;
  readonly contextSize?: number;
}

/** The usage of an attempt that has not asked the model yet. */
export const noUsage: Usage = { inputTokens: 0, outputTokens: 0 };
