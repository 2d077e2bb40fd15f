import type { PermissionDecisionWord } from "../model/permission.ts";
import { usageError } from "./scanArguments.ts";

/** What the user says to the question of a task; `note` goes to Goose. */
export interface AnswerCommand {
  readonly verb: "answer";
  readonly id: string;
  readonly decision: PermissionDecisionWord;
  readonly note?: string;
}

/** The answers by the words of the command line. */
const answerWords: ReadonlyMap<string, PermissionDecisionWord> = new Map([
  ["allow", "allow_once"],
  ["always", "allow_for_task"],
  ["reject", "reject"],
]);

/** The modes as they are written on a command line. */
export const approvalNames = ["autonomous", "ask-writes", "ask-all", "read-only"] as const;
export const approvalWords = { autonomous: "autonomous", "ask-writes": "askWrites", "ask-all": "askAll", "read-only": "readOnly" } as const;

/** Reads the words behind `answer`. */
export function answerCommand([id, word = "", extra]: readonly string[], note: string | undefined): AnswerCommand {
  const decision = answerWords.get(word);
  if (id === undefined || id === "" || decision === undefined || extra !== undefined) throw usageError("answer needs an id and one of allow, always, reject.");
  if (note !== undefined && decision !== "reject") throw usageError("--note goes with reject.");
  return { verb: "answer", id, decision, ...(note === undefined ? {} : { note }) };
}
