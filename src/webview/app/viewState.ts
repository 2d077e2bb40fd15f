import * as v from "valibot";
import { maxSaid } from "../../model/runWish.ts";
import { filters, type Filter } from "./filter.ts";

const stateSchema = v.object({
  taskId: v.string(),
  draft: v.fallback(v.optional(v.pipe(v.string(), v.maxLength(maxSaid)), ""), ""),
  filter: v.fallback(v.picklist(filters), "all"),
  anchor: v.fallback(v.optional(v.object({ seq: v.pipe(v.number(), v.integer(), v.minValue(1)), offset: v.pipe(v.number(), v.finite()) })), undefined),
});

/** What VS Code keeps of a page when it goes and gives to the next one of the same panel. */
export interface ViewState {
  readonly taskId: string;
  /** What was not sent to Goose yet. */
  readonly draft: string;
  readonly filter: Filter;
  /** The row at the top of the view, by its first event, and how far it is scrolled away; absent while the view follows the end. */
  readonly anchor?: { readonly seq: number; readonly offset: number } | undefined;
}

/** A state that was kept; undefined when there is none that fits. */
export function parseViewState(value: unknown): ViewState | undefined {
  const result = v.safeParse(stateSchema, value);
  return result.success ? result.output : undefined;
}
