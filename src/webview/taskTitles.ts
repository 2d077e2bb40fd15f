import type { TaskId } from "../model/ids.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import type { RunSource } from "./runStream.ts";

/** Events that may name other tasks. */
export const namingTypes: ReadonlySet<TaskEvent["type"]> = new Set(["completed", "blocked", "unblocked", "dependencies"]);

/** The same source, whose events name other tasks by their titles: an id says nothing to a person. A task that is gone keeps its id. */
export function withTitles(source: RunSource): RunSource {
  const titleOf = async (id: TaskId): Promise<TaskId> => {
    const title = await source.get(id).then(
      (task) => `“${task.title}”`,
      () => id,
    );
    return title as TaskId;
  };
  const titlesOf = (ids: readonly TaskId[]): Promise<readonly TaskId[]> => Promise.all(ids.map(titleOf));
  const named = async (event: TaskEvent): Promise<TaskEvent> => {
    switch (event.type) {
      case "completed":
        return { ...event, unblocked: await titlesOf(event.unblocked) };
      case "blocked":
        return { ...event, by: await titlesOf(event.by) };
      case "unblocked":
        return event.by === undefined ? event : { ...event, by: await titleOf(event.by) };
      case "dependencies":
        return { ...event, dependsOn: await titlesOf(event.dependsOn) };
      default:
        return event;
    }
  };
  return {
    get: (id) => source.get(id),
    attempts: (id) => source.attempts(id),
    events: async (id, query) => {
      const events = await source.events(id, query);
      return events.some(({ type }) => namingTypes.has(type)) ? Promise.all(events.map(named)) : events;
    },
  };
}
