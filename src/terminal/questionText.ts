import { revealed } from "../base/revealed.ts";
import { commandOf, type PermissionQuestion } from "../model/permission.ts";
import type { TaskId } from "../model/ids.ts";
import type { Attention } from "../model/task.ts";
import type { TaskEvent } from "../model/taskEvent.ts";
import { cleanLine } from "./cleanText.ts";

const maxDiffLines = 200;

/** A question with everything that it is about: the exact command, or the change. */
export function questionLines(question: PermissionQuestion): readonly string[] {
  const { covers, why } = question;
  const command = commandOf(question);
  const what = command === undefined ? inputLines(question) : revealed(command).split("\n");
  const answers = covers === undefined ? "It can only be allowed once." : `"always" allows ${cleanLine(covers.words)}.`;
  return [`Goose ${cleanLine(why)}:`, ...what.map((line) => `  ${line}`), answers];
}

function inputLines({ diff, input, title }: PermissionQuestion): readonly string[] {
  if (diff === undefined) return [revealed(title), ...(input === undefined ? [] : revealed(JSON.stringify(input, undefined, 2)).split("\n"))];
  return [revealed(diff.path), ...shortened(linesOf(diff.oldText, "-")), ...shortened(linesOf(diff.newText, "+"))];
}

function linesOf(text: string | undefined, sign: string): readonly string[] {
  if (text === undefined || text === "") return [];
  return revealed(text.replace(/\n$/, ""))
    .split("\n")
    .map((line) => `${sign} ${line}`);
}

function shortened(lines: readonly string[]): readonly string[] {
  return lines.length <= maxDiffLines ? lines : [...lines.slice(0, maxDiffLines), `… ${lines.length - maxDiffLines} more lines`];
}

/** What became of a question. */
export function answerText({ answer: { decision, note }, by }: Extract<TaskEvent, { type: "answer" }>): string {
  const words = { allow_once: "allowed once", allow_for_task: "allowed for this task", reject: "rejected" }[decision];
  return `${by === "timeout" ? `${words}, as nobody answered` : words}${note === undefined ? "" : `: ${cleanLine(note)}`}`;
}

/** Where the whole question is, and how it is answered while the run goes on here. */
export function howToAnswer(taskId: TaskId, { question }: Attention): readonly string[] {
  return question === undefined ? [] : [`  in another terminal: task-master-goose show ${taskId}, then answer ${taskId} allow|always|reject`];
}
