import { makeTask } from "../../src/engine/newTask.ts";
import type { NewTask } from "../../src/engine/facade.ts";
import { priorities, type Task } from "../../src/model/task.ts";

const dayMs = 86_400_000;

/** Every so many tasks one, of any priority, has this tag; half the tasks have the other one. */
export const rareTag = { name: "docs", every: 51 } as const;
const commonTag = "backend";

/** What a person may have written for the n-th task: all priorities, some deadlines on either side of now, tags, a prompt of a line. */
export function newTaskAt(index: number, now: number): NewTask {
  const deadline = index % 3 === 0 ? { deadline: now + ((index % 40) - 10) * dayMs + index } : {};
  return {
    title: `Task ${index}: replace the hand-written parser of the settings by the shared one`,
    prompt: `Read the module, list what it accepts, write tests for that, then replace it. Keep the messages as they are. Number ${index}.`,
    priority: priorities[index % priorities.length] ?? "medium",
    ...deadline,
    tags: [...(index % 2 === 0 ? [commonTag] : []), ...(index % rareTag.every === 0 ? [rareTag.name] : [])],
    acceptance: { commands: ["npm test"] },
  };
}

/** The n-th of many tasks as the engine would store it; ids follow from the number. */
export function taskAt(index: number, now: number): Task {
  const task = makeTask(newTaskAt(index, now), { now: now - index, random: Math.random, repository: "/repository", maxAttempts: 3 });
  return { ...task, id: index.toString(32).padStart(8, "0") as Task["id"] };
}
