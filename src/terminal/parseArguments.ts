import { type Budget, budgetProblem } from "../model/budget.ts";
import type { RunCriteria } from "../engine/facade.ts";
import { type EngineSettings, numberRanges, remoteNamePattern } from "../model/settings.ts";
import { type Priority, priorities } from "../model/task.ts";
import { parseDeadline } from "./deadline.ts";
import { type AnswerCommand, answerCommand, approvalNames, approvalWords } from "./answerArguments.ts";
import { type Verb, verbs } from "./flags.ts";
import { type GivenFlag, type ScannedArguments, scanArguments, usageError } from "./scanArguments.ts";

/** What to add; `prompt: "-"` means standard input. Ids are as typed. */
export interface AddCommand {
  readonly verb: "add";
  readonly title: string;
  readonly prompt?: string;
  readonly priority?: Priority;
  readonly deadline?: number;
  readonly depends: readonly string[];
  readonly tags: readonly string[];
  readonly accept: readonly string[];
  readonly attempts?: number;
  readonly budget?: Budget;
}

/** What to run: the next task, all, or these one after the other. */
export type RunSelection = "next" | "all" | readonly string[];

/** What to run; the criteria hold for `next` and `all`. */
export interface RunCommand {
  readonly verb: "run";
  readonly select: RunSelection;
  readonly criteria: RunCriteria;
}

/** The verbs that change a task's status and need nothing to run here. */
export type ChangeVerb = "pause" | "stop" | "cancel" | "start" | "retry";

/** What a task shall wait for, and no longer; ids are as typed. */
export interface DependsCommand {
  readonly verb: "depends";
  readonly id: string;
  readonly on: readonly string[];
  readonly drop: readonly string[];
}

/** What to say to a task's agent; `text: "-"` means standard input. The id is as typed. */
export interface SayCommand {
  readonly verb: "say";
  readonly id: string;
  readonly text: string;
}

/** What the user asks for, checked as far as possible without the queue. */
export type Command =
  | AddCommand
  | RunCommand
  | { readonly verb: "show" | "resume" | "remove"; readonly id: string }
  | DependsCommand
  | SayCommand
  | AnswerCommand
  | { readonly verb: ChangeVerb; readonly id: string }
  | { readonly verb: "logs"; readonly id: string; readonly follow: boolean }
  | { readonly verb: "list" | "resumeQueue" }
  | { readonly verb: "doctor" }
  | { readonly verb: "help" }
  | { readonly verb: "version" };

export type ColorMode = "auto" | "always" | "never";

/** Flags that every verb knows; paths are as typed. */
export interface GlobalOptions {
  readonly folder?: string;
  readonly json: boolean;
  readonly dataDirectory?: string;
  readonly goosePath?: string;
  readonly color: ColorMode;
  /** How often -v was given. */
  readonly verbosity: number;
  /** What replaces the settings of this process. */
  readonly settings: SettingFlags;
}

type NumberSetting = keyof typeof numberRanges;

/** Settings given by flags, well-formed. */
export type SettingFlags = Partial<Pick<EngineSettings, NumberSetting | "pushRemote" | "approvalsMode">>;

const settingFlags: readonly (readonly [flag: string, setting: NumberSetting])[] = [
  ["concurrency", "poolSize"],
  ["max-turns", "maxTurns"],
  ["max-minutes", "wallClockMinutes"],
  ["idle-minutes", "idleMinutes"],
  ["answer-minutes", "approvalsTimeoutMinutes"],
];

export interface ParsedArguments {
  readonly command: Command;
  readonly options: GlobalOptions;
}

/** Reads the words behind the program's name (INVALID_INPUT that names the mistake). */
export function parseArguments(argv: readonly string[]): ParsedArguments {
  const scanned = scanArguments(argv);
  const options = globalOptions(scanned.flags);
  if (has(scanned.flags, "help")) return { command: { verb: "help" }, options };
  if (has(scanned.flags, "version")) return { command: { verb: "version" }, options };
  const [word, ...operands] = scanned.words;
  if (word === undefined) throw usageError("No verb given.");
  const verb = verbs.find((known) => known === word);
  if (verb === undefined) throw usageError(`Unknown verb "${word}".`);
  for (const { definition, text } of scanned.flags) {
    if (definition.verbs !== undefined && !definition.verbs.includes(verb)) throw usageError(`${verb} does not know the flag ${text}.`);
  }
  return { command: parseCommand(verb, { words: operands, flags: scanned.flags }), options };
}

/** Whether output shall be NDJSON even though the command line as a whole could not be read. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf("--");
  return argv.slice(0, end < 0 ? argv.length : end).includes("--json");
}

function parseCommand(verb: Verb, { words, flags }: ScannedArguments): Command {
  switch (verb) {
    case "add":
      return addCommand(words, flags);
    case "run":
      return { verb, select: runSelection(words, flags), criteria: runCriteria(flags) };
    case "depends":
      return dependsCommand(words, flags);
    case "say":
      return sayCommand(words);
    case "answer":
      return answerCommand(words, last(flags, "note"));
    case "logs":
      return { verb, id: oneId(verb, words), follow: has(flags, "follow") };
    case "resume":
      if (!has(flags, "queue")) return { verb, id: oneId(verb, words) };
      if (words[0] !== undefined) throw usageError(`resume takes an id or --queue, not both.`);
      return { verb: "resumeQueue" };
    case "list":
    case "doctor":
      if (words[0] !== undefined) throw usageError(`${verb} takes no argument, but "${words[0]}" was given.`);
      return { verb };
    case "help":
      return { verb };
    default:
      return { verb, id: oneId(verb, words) };
  }
}

function addCommand(words: readonly string[], flags: readonly GivenFlag[]): AddCommand {
  const [title, second] = words;
  if (title === undefined) throw usageError('add needs a title: add "Fix the login".');
  if (second !== undefined) throw usageError(`add takes one title, but "${second}" follows it; put the title in quotes.`);
  if (title.trim() === "") throw usageError("The title is empty.");
  const prompt = last(flags, "prompt");
  if (prompt?.trim() === "") throw usageError("--prompt is empty.");
  const priority = priorityFlag(flags, "priority");
  const deadline = last(flags, "deadline");
  const attempts = wholeNumber(flags, "attempts", "maxAttempts");
  return {
    verb: "add",
    title,
    ...(prompt === undefined ? {} : { prompt }),
    ...(priority === undefined ? {} : { priority }),
    ...(deadline === undefined ? {} : { deadline: parseDeadline(deadline) }),
    depends: filled(flags, "depends"),
    tags: filled(flags, "tag"),
    accept: filled(flags, "accept"),
    ...(attempts === undefined ? {} : { attempts }),
    ...budgetFlag(last(flags, "budget")),
  };
}

function budgetFlag(text: string | undefined): { readonly budget?: Budget } {
  if (text === undefined) return {};
  const pairs = text.split(",").map((part) => part.split("="));
  const budget = Object.fromEntries(pairs.map(([name = "", amount = ""]) => [name.trim(), amount.trim() === "" ? NaN : Number(amount)]));
  const problem = budgetProblem(budget);
  if (problem !== undefined) throw usageError(`--budget ${problem}; for example: --budget tokens=200000,costUsd=2.`);
  return { budget };
}

function dependsCommand(words: readonly string[], flags: readonly GivenFlag[]): DependsCommand {
  const command = { verb: "depends", id: oneId("depends", words), on: filled(flags, "on"), drop: filled(flags, "drop") } as const;
  if (command.on.length + command.drop.length === 0) throw usageError("depends needs --on ID, --drop ID or both.");
  return command;
}

function sayCommand([id, text, third]: readonly string[]): SayCommand {
  if (id === undefined || id === "" || text === undefined) throw usageError('say needs the id of a task and a text: say ID "Use tabs".');
  if (third !== undefined) throw usageError(`say takes one text, but "${third}" follows it; put the text in quotes.`);
  if (text.trim() === "") throw usageError("The text is empty.");
  return { verb: "say", id, text };
}

function runSelection(words: readonly string[], flags: readonly GivenFlag[]): RunSelection {
  const [next, all] = [has(flags, "next"), has(flags, "all")];
  if (next && all) throw usageError("run takes --next or --all, not both.");
  if (has(flags, "concurrency") && !all) throw usageError("--concurrency goes with run --all.");
  if (words.length === 0) return all ? "all" : "next";
  const filter = ["tag", "min-priority", "max-priority"].find((name) => has(flags, name));
  if (filter !== undefined) throw usageError(`--${filter} goes with run --next and run --all, not with ids.`);
  if (next || all) throw usageError(`run takes ${all ? "--all" : "--next"} or ids, not both.`);
  return [...new Set(words)];
}

function runCriteria(flags: readonly GivenFlag[]): RunCriteria {
  const requireTags = filled(flags, "tag");
  const [minPriority, maxPriority] = [priorityFlag(flags, "min-priority"), priorityFlag(flags, "max-priority")];
  return {
    ...(requireTags.length === 0 ? {} : { requireTags }),
    ...(minPriority === undefined ? {} : { minPriority }),
    ...(maxPriority === undefined ? {} : { maxPriority }),
  };
}

function priorityFlag(flags: readonly GivenFlag[], name: string): Priority | undefined {
  const value = last(flags, name);
  return value === undefined ? undefined : oneOf(`--${name}`, value, priorities);
}

function oneId(verb: Verb, words: readonly string[]): string {
  const [id, second] = words;
  if (id === undefined || id === "") throw usageError(`${verb} needs the id of a task (see list).`);
  if (second !== undefined) throw usageError(`${verb} takes one id, but "${second}" follows it.`);
  return id;
}

function globalOptions(flags: readonly GivenFlag[]): GlobalOptions {
  const [folder, dataDirectory, goosePath] = [path(flags, "cwd"), path(flags, "data-dir"), path(flags, "goose")];
  const pushRemote = last(flags, "push");
  const approvals = last(flags, "approvals");
  if (pushRemote !== undefined && !remoteNamePattern.test(pushRemote)) throw usageError(`--push: "${pushRemote}" is not the name of a remote.`);
  return {
    ...(folder === undefined ? {} : { folder }),
    json: has(flags, "json"),
    ...(dataDirectory === undefined ? {} : { dataDirectory }),
    ...(goosePath === undefined ? {} : { goosePath }),
    color: oneOf("--color", last(flags, "color") ?? "auto", ["auto", "always", "never"] as const),
    verbosity: given(flags, "verbose").length,
    settings: {
      ...Object.fromEntries(
        settingFlags.map(([flag, setting]) => [setting, wholeNumber(flags, flag, setting)] as const).filter(([, value]) => value !== undefined),
      ),
      ...(pushRemote === undefined ? {} : { pushRemote }),
      ...(approvals === undefined ? {} : { approvalsMode: approvalWords[oneOf("--approvals", approvals, approvalNames)] }),
    },
  };
}

function given(flags: readonly GivenFlag[], name: string): readonly GivenFlag[] {
  return flags.filter(({ definition }) => definition.name === name);
}

function has(flags: readonly GivenFlag[], name: string): boolean {
  return given(flags, name).length > 0;
}

function last(flags: readonly GivenFlag[], name: string): string | undefined {
  return given(flags, name).at(-1)?.value;
}

function wholeNumber(flags: readonly GivenFlag[], flag: string, setting: NumberSetting): number | undefined {
  const value = last(flags, flag);
  if (value === undefined) return undefined;
  const [low, high] = numberRanges[setting];
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(number >= low && number <= high)) throw usageError(`--${flag}: "${value}" is not a whole number from ${low} to ${high}.`);
  return number;
}

function path(flags: readonly GivenFlag[], name: string): string | undefined {
  const value = last(flags, name);
  if (value === "") throw usageError(`--${name} is empty.`);
  return value;
}

function filled(flags: readonly GivenFlag[], name: string): readonly string[] {
  return given(flags, name).map(({ value, text }) => {
    if (value.trim() === "") throw usageError(`${text} is empty.`);
    return value;
  });
}

function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value.toLowerCase());
  if (found === undefined) throw usageError(`${flag}: "${value}" is not one of ${allowed.join(", ")}.`);
  return found;
}
