import { addDifference, dayOf, noAmounts, parseSpent, parseSpentOn, spentDayName, spentTotalName, type Amounts } from "../model/budget.ts";
import type { Usage } from "../model/usage.ts";
import type { QueueStates } from "./queueStates.ts";

/**
 * Adds what an attempt has just used to what was used on that local day and in all; only inside the transaction that stores its
 * usage, so that nothing is counted twice or forgotten. A removed task's share stays.
 */
export function recordSpending(states: QueueStates, { before, after, at }: { readonly before: Usage; readonly after: Usage; readonly at: number }): void {
  if (!isAny(addDifference(noAmounts, before, after))) return;
  const day = states.get(spentDayName);
  states.put(spentTotalName, { ...addDifference(parseSpent(states.get(spentTotalName)), before, after) });
  states.put(spentDayName, { day: dayOf(at), ...addDifference(parseSpentOn(day, at), before, after) });
}

function isAny(amounts: Amounts): boolean {
  return Object.values(amounts).some((amount) => amount > 0);
}
