/** What an attempt has used itself so far, in whatever sessions of Goose. Cost in US dollars, absent for unpriced models. */
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

/**
 * The totals of the attempt's session minus the attempt's own usage: what the session had used before the attempt, less what the
 * attempt had used before the session. Goose counts over a session, so an attempt's usage is what Goose reports less this. Fixed
 * when the attempt begins with the session; negative when it had a session before.
 */
export interface UsageOffset {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costUsd: number;
}
