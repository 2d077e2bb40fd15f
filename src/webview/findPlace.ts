import type { TaskEngineFacade } from "../engine/facade.ts";
import type { TaskId } from "../model/ids.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import type { ToolLocation } from "../model/toolCall.ts";
import type { ViewToHost } from "../protocol/hostWebview.ts";

/** Which place the view means: an entry of a list in an event of the journal. */
export type PlaceInJournal = Omit<Extract<ViewToHost, { type: "openPlace" }>, "type">;

/** What a place is looked up in. */
export type PlaceSource = Pick<TaskEngineFacade, "get" | "attempts" | "events">;

/** A place that a tool call named, and where its file may be. */
export interface Place extends ToolLocation {
  /** The path below the worktree where it was given as a whole. */
  readonly below: string;
  readonly worktree: string | undefined;
  readonly branch: string | undefined;
  readonly repository: string;
}

/** Looks a place up in the journal; undefined when there is none such. */
export async function findPlace(queue: PlaceSource, taskId: TaskId, wanted: PlaceInJournal): Promise<Place | undefined> {
  const [event] = await queue.events(taskId, { afterSeq: wanted.seq - 1, limit: 1 });
  const named = event === undefined ? undefined : namedIn(event, wanted);
  if (event === undefined || named === undefined) return undefined;
  const [task, attempts] = await Promise.all([queue.get(taskId), queue.attempts(taskId)]);
  const { worktree, branch = task.branch } = attempts.find(({ number }) => number === event.attempt) ?? {};
  const below = worktree !== undefined && named.path.startsWith(`${worktree}/`) ? named.path.slice(worktree.length + 1) : named.path;
  return { ...named, below, worktree, branch, repository: task.repository };
}

function namedIn(event: TaskEvent, { toolCallId, seq, of, index }: PlaceInJournal): ToolLocation | undefined {
  if (event.seq !== seq || event.type !== "tool_call" || event.call.toolCallId !== toolCallId) return undefined;
  if (of === "location") return event.call.locations?.[index];
  const path = event.call.diffs?.[index]?.path;
  return path === undefined ? undefined : { path };
}
