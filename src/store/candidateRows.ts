import type { CandidateFilter } from "../engine/ports.ts";
import { priorities, type Priority } from "../model/task.ts";
import type { Row } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** The line of one priority from its head on, read as far as the caller goes; only one line can be read at a time. */
export function candidateRows(
  { candidates, filteredCandidates }: Statements,
  { now, priority, filter }: { readonly now: number; readonly priority: Priority; readonly filter: CandidateFilter },
): Iterable<Row> {
  const { requireTags = [], exceptAgents = [] } = filter;
  const place = priorities.indexOf(priority);
  // The plain query reads no bodies.
  if (requireTags.length === 0 && exceptAgents.length === 0) return candidates.iterate(place, now);
  return filteredCandidates.iterate(place, now, JSON.stringify(requireTags), JSON.stringify(exceptAgents));
}
