import type { Usage, UsageOffset } from "../../model/usage.ts";
import type { UsageBefore } from "../../protocol/handlers.ts";
import type { UsageNews } from "./sessionUpdates.ts";

const nothing: UsageOffset = { inputTokens: 0, outputTokens: 0, costUsd: 0 };

/** Makes the attempt's own usage of what Goose reports: that is accumulated over the whole session, whoever prompted it. */
export class UsageMeter {
  readonly #before: UsageBefore["used"];
  readonly #started = Promise.withResolvers<void>();
  #offset: UsageOffset | undefined;
  #usage: Usage;
  #told = "";

  constructor({ used, offset }: UsageBefore) {
    this.#before = used;
    this.#usage = used;
    this.#offset = offset;
    if (offset !== undefined) this.#started.resolve();
  }

  /** Resolves when it is known where the session stood before this run. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** Undefined until it is known where the session stood. */
  get offset(): UsageOffset | undefined {
    return this.#offset;
  }

  /** The session is new: it has used nothing yet. */
  startAtZero(): void {
    this.#start(nothing);
  }

  /** The attempt's usage after a report; undefined when that says nothing new. */
  take(news: UsageNews): Usage | undefined {
    const contextSize = news.contextLimit ?? news.size ?? this.#usage.contextSize;
    this.#usage = { ...this.#usage, ...this.#own(news), contextUsed: news.used, ...(contextSize === undefined ? {} : { contextSize }) };
    const text = JSON.stringify(this.#usage);
    if (text === this.#told) return undefined;
    this.#told = text;
    return this.#usage;
  }

  /** Only Goose's own form of the report tells totals. */
  #own({ accumulatedInputTokens, accumulatedOutputTokens, accumulatedCost }: UsageNews): Partial<Usage> {
    if (typeof accumulatedInputTokens !== "number" || typeof accumulatedOutputTokens !== "number") return {};
    const totals = { inputTokens: accumulatedInputTokens, outputTokens: accumulatedOutputTokens, costUsd: accumulatedCost ?? 0 };
    // The first report of a loaded session comes before any answer of the model: that is where it stood.
    const offset = this.#offset ?? this.#start(totals);
    const hasCost = typeof accumulatedCost === "number" || this.#before.costUsd !== undefined;
    return {
      inputTokens: Math.max(0, totals.inputTokens - offset.inputTokens),
      outputTokens: Math.max(0, totals.outputTokens - offset.outputTokens),
      ...(hasCost ? { costUsd: Math.max(0, totals.costUsd - offset.costUsd) } : {}),
    };
  }

  #start(totals: UsageOffset): UsageOffset {
    const { inputTokens, outputTokens, costUsd = 0 } = this.#before;
    this.#offset = { inputTokens: totals.inputTokens - inputTokens, outputTokens: totals.outputTokens - outputTokens, costUsd: totals.costUsd - costUsd };
    this.#started.resolve();
    return this.#offset;
  }
}
