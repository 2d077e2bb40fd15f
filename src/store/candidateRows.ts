import type { CandidateFilter } from "../engine/ports.ts";
import { priorities } from "../model/task.ts";
import type { Row } from "./rowCodec.ts";
import type { Statements } from "./statements.ts";

/** The head of the line for each priority, most urgent priority first. */
export function candidateRows(
  { candidates, filteredCandidates }: Statements,
  { now, perPriority, filter }: { readonly now: number; readonly perPriority: number; readonly filter: CandidateFilter },
): Row[] {
  const { requireTags = [], exceptAgents = [] } = filter;
  // The plain query reads no bodies.
  const isPlain = requireTags.length === 0 && exceptAgents.length === 0;
  const lists = [JSON.stringify(requireTags), JSON.stringify(exceptAgents)] as const;
  return (filter.priorities ?? priorities)
    .map((priority) => priorities.indexOf(priority))
    .flatMap((priority) => (isPlain ? candidates.all(priority, now, perPriority) : filteredCandidates.all(priority, now, ...lists, perPriority)));
}
