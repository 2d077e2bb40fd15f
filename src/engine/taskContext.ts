/** What Goose is told: the task in its surroundings, feedback of a failed check, or how to go on after an interruption. */
import { attemptStory } from "./attemptStory.ts";
import type { Task } from "../model/task.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import { asOneText, type UserMessage } from "../model/userMessage.ts";

/** How an agent says that the right change is none; the check of the work looks for it. */
export const nothingToChange = "NOTHING TO CHANGE";

const summaryLength = 1_500;
const maxFiles = 20;

/** By id and outcome, not by title: a title reads like an order, and the work is already in the branch. */
function dependencyLines(dependencies: readonly Task[]): string[] {
  if (dependencies.length === 0) return [];
  const lines = dependencies.map(({ id, status, branch, result }) => {
    const where = branch === undefined ? "" : `, branch ${branch}`;
    const files = result?.artifacts.slice(0, maxFiles).join(", ") ?? "";
    return `- task ${id} (${status}${where})${files === "" ? "" : ` changed ${files}`}\n  ${(result?.output ?? "").slice(0, summaryLength)}`;
  });
  return ["", "## Finished tasks that this one builds on", ...lines];
}

function acceptanceLines(task: Task): string[] {
  const { commands, criteria } = task.acceptance;
  if (commands.length === 0 && criteria === undefined) return [];
  return [
    "",
    "## Your work is accepted when",
    ...(criteria === undefined ? [] : [criteria]),
    ...commands.map((command) => `- this command exits with 0: ${command}`),
  ];
}

/** The first prompt of an attempt. */
export function taskPrompt(task: Task, dependencies: readonly Task[]): string {
  return [
    `# Task: ${task.title}`,
    "",
    task.prompt,
    ...acceptanceLines(task),
    ...dependencyLines(dependencies),
    "",
    "## How to work here",
    "- The working directory is a git worktree made for this task alone. Change files only inside it.",
    "- Do not commit, push, switch branches or change git's configuration: your changes are committed for you when you have finished.",
    "- Nobody can answer questions while you work. Decide, and say in the end what you decided.",
    `- When you have finished, end with a short summary of what you did. If the task needs no change of any file, begin that last message with "${nothingToChange}:" and say why.`,
  ].join("\n");
}

/** The prompt that continues an interrupted attempt: neutral, never the task text again. `isRemade`: its worktree was gone. */
export function continuePrompt(isRemade: boolean): string {
  return [
    "You were interrupted while you worked on the task. The last step may or may not have taken effect, and it may be missing from your history.",
    ...(isRemade
      ? ["The working directory had to be made anew: changes that were not committed are lost, and so are commits that git log does not show."]
      : []),
    "First look at the state of the working directory (git status and git diff), then go on from there. Do not repeat what is already done.",
  ].join("\n");
}

/**
 * The prompt of a fresh session on a task that an earlier one has begun: an attempt that was stopped, or a session that can
 * no longer be loaded. `story` is what the journal tells of the earlier one.
 */
export function handOverPrompt(task: Task, dependencies: readonly Task[], story: readonly TaskEvent[]): string {
  return [
    taskPrompt(task, dependencies),
    "",
    "## Before you start",
    task.wasDone === true
      ? "This task was done once, and its session cannot be continued. Its work is here: look at it first (git log), then do what the user says below."
      : "An earlier attempt at this task was ended before it had finished, and its session cannot be continued. Its work is still here, committed or not: look at it first (git log, git status and git diff), keep what is right and finish the rest.",
    ...attemptStory(story),
  ].join("\n");
}

/** Where a follow-up works, and where the work of the attempt before it is. */
interface FollowUpPlace {
  readonly worktree: string;
  /** Whether the branch still holds what was committed; it may have been deleted, as its work was merged or for another reason. */
  readonly isOnBranch: boolean;
  readonly unfinished: string;
}

/** The prompt that goes on in the session of an attempt that has ended, because the user has more to say. */
export function followUpPrompt(words: readonly UserMessage[], place: FollowUpPlace): string {
  const committed = place.isOnBranch
    ? "What was committed of it is on the branch"
    : "What was committed of it is on no branch of its own any more: it is here only as far as it was merged into the commit from which you start now";
  return [
    asOneText(words),
    "",
    "---",
    `The attempt before this message has ended. ${committed}; what was not is gone from the working directory` +
      ` (if it was kept, under ${place.unfinished}). You work in a new checkout of the branch now, at ${place.worktree}: paths of before are no longer valid.`,
    "- Look at the state first (git log, git status). Do not commit, push or switch branches: your changes are committed for you when you have finished.",
    `- When you have finished, end with a short summary. If no file needs to change, for instance because you only answer a question, begin that last message with "${nothingToChange}:".`,
  ].join("\n");
}

/** What the user said while a session that goes on was interrupted or checked; it may have got some of it just before. */
export function wordsMeanwhile(words: readonly UserMessage[]): string[] {
  return words.length === 0 ? [] : [`The user says (you may have read some of it already):\n\n${asOneText(words)}`];
}

/** What the user said about the task, for a session that knows nothing of it. */
export function wordsSoFar(words: readonly UserMessage[]): string[] {
  return words.length === 0 ? [] : [`## What the user has said about this task since it was written, oldest first\n\n${asOneText(words)}`];
}
