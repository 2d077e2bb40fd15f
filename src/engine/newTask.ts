import { budgetProblem } from "../model/budget.ts";
import { TaskMasterError } from "../model/errors.ts";
import { makeTaskId, parseTaskId, type TaskId } from "../model/ids.ts";
import { priorities, type Task } from "../model/task.ts";
import type { NewTask } from "./facade.ts";
import type { Random } from "./ports.ts";

/** Longest title and prompt (characters) and most tags and dependencies of a task. */
export const maxTitleLength = 200;
export const maxPromptLength = 100_000;
const maxListLength = 100;

/** Checks what a person gave and makes the task's first row (INVALID_INPUT says what is wrong and what to do). */
export function makeTask(
  input: NewTask,
  context: { readonly now: number; readonly random: Random; readonly repository: string; readonly maxAttempts: number },
): Task {
  const title = checkTitle(input.title);
  const prompt = checkPrompt(input.prompt ?? title);
  checkRest(input);
  return {
    id: makeTaskId(context.random),
    title,
    prompt,
    status: (input.dependsOn?.length ?? 0) > 0 ? "blocked" : "todo",
    priority: input.priority ?? "medium",
    ...optionalParts(input),
    tags: [...new Set(input.tags ?? [])],
    dependsOn: [...new Set(input.dependsOn ?? [])],
    acceptance: input.acceptance ?? { commands: [] },
    budget: input.budget ?? {},
    maxAttempts: input.maxAttempts ?? context.maxAttempts,
    repository: context.repository,
    createdAt: context.now,
    updatedAt: context.now,
    progress: { percent: 0, message: "" },
    integration: "none",
    attempts: 0,
    fence: 0,
    version: 1,
  };
}

function optionalParts({ deadline, agent }: NewTask): Pick<Task, "deadline" | "agent"> {
  return { ...(deadline === undefined ? {} : { deadline }), ...(agent === undefined ? {} : { agent }) };
}

/** A title as it is stored: trimmed, one line, 1 to 200 characters. */
export function checkTitle(raw: string): string {
  const title = raw.trim();
  if (title === "") throw invalid("The title is empty. Say in a line what is to be done.");
  if (title.length > maxTitleLength) {
    throw invalid(`The title has ${title.length} characters; at most ${maxTitleLength} are possible. Put the details into the prompt.`);
  }
  if (hasControlCharacter(title)) throw invalid("The title holds a line break or a control character. Put longer text into the prompt.");
  return title;
}

function checkPrompt(raw: string): string {
  const prompt = raw.trim();
  if (prompt === "") throw invalid("The prompt is empty. Leave it out to use the title, or say what Goose is to do.");
  if (prompt.length > maxPromptLength) {
    throw invalid(
      `The prompt has ${prompt.length} characters; at most ${maxPromptLength} are possible. Put long material into a file of the repository and name it.`,
    );
  }
  if (prompt.includes("\0")) throw invalid("The prompt holds a NUL character.");
  return prompt;
}

function checkRest(input: NewTask): void {
  const { priority, deadline, maxAttempts, agent } = input;
  if (agent !== undefined && !isTag(agent)) throw invalid("The name of the agent is empty, longer than 100 characters or holds a control character.");
  if (priority !== undefined && !priorities.includes(priority)) throw invalid(`"${priority}" is no priority. Use one of ${priorities.join(", ")}.`);
  const wrongBudget = budgetProblem(input.budget ?? {});
  if (wrongBudget !== undefined) throw invalid(`The budget ${wrongBudget}.`);
  if (deadline !== undefined && !Number.isFinite(deadline)) throw invalid("The deadline is no valid time.");
  checkLists(input);
  if (maxAttempts !== undefined && !(Number.isInteger(maxAttempts) && maxAttempts >= 1)) throw invalid("The number of attempts must be 1 or more.");
}

function checkLists({ tags = [], dependsOn = [], acceptance }: NewTask): void {
  if (!tags.every(isTag)) throw invalid("A tag is empty, longer than 100 characters or holds a control character.");
  for (const [name, list] of Object.entries({ tags, "acceptance commands": acceptance?.commands ?? [] })) {
    checkListLength(name, list);
  }
  checkDependencies(dependsOn);
}

/** INVALID_INPUT when there are too many, or one that cannot be a task's id. Whether there is such a task is another question. */
export function checkDependencies(ids: readonly TaskId[]): void {
  checkListLength("dependencies", ids);
  const wrong = ids.find((id) => parseTaskId(id) === undefined);
  if (wrong !== undefined) throw invalid(`"${wrong.slice(0, 40)}" is no id of a task, so nothing can depend on it.`);
}

function checkListLength(name: string, list: readonly unknown[]): void {
  if (list.length > maxListLength) throw invalid(`There are ${list.length} ${name}; at most ${maxListLength} are possible.`);
}

function isTag(tag: string): boolean {
  return tag.trim() !== "" && tag.length <= 100 && !hasControlCharacter(tag);
}

function hasControlCharacter(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what it looks for
  return /[\u0000-\u001f\u007f]/.test(text);
}

function invalid(message: string): TaskMasterError {
  return new TaskMasterError("INVALID_INPUT", message);
}
