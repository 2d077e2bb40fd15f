import type { JsonObject } from "../base/json.ts";
import { type TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import type { LogLevel } from "../model/taskEvent.ts";
import { cleanLine, cleanText, safeJson } from "./cleanText.ts";
import { exitCodeOf, exitCodes } from "./exitCodes.ts";
import type { ColorMode } from "./parseArguments.ts";

/** Where text goes; the part of process.stdout that is needed. */
export interface TextSink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Wraps text so that a terminal colours it; leaves it alone where colours are off. */
export type Paint = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>>;

export interface OutputOptions {
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly json: boolean;
  readonly color: ColorMode;
  readonly verbosity: number;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const styles = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;

/** Speaks to people in lines or to programs in NDJSON, never both. Text given to it must be clean already, except in records. */
export class Output {
  readonly json: boolean;
  readonly verbosity: number;
  readonly paint: Paint;
  /** Characters in a line of the terminal; undefined when stdout is not one. */
  readonly columns: number | undefined;
  readonly #stdout: TextSink;
  readonly #stderr: TextSink;
  readonly #notePaint: Paint;
  #seq = 0;

  constructor({ stdout, stderr, json, color, verbosity, env }: OutputOptions) {
    this.json = json;
    this.verbosity = verbosity;
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.paint = makePaint(wantsColor(color, env, stdout));
    this.#notePaint = makePaint(wantsColor(color, env, stderr));
    this.columns = stdout.isTTY === true ? (stdout.columns ?? 80) : undefined;
  }

  /** One object for a program; nothing for people. */
  record(type: string, fields: JsonObject): void {
    if (this.json) this.#stdout.write(`${safeJson({ v: 1, type, seq: ++this.#seq, ...fields })}\n`);
  }

  /** One line for people; nothing for a program. */
  line(text: string): void {
    if (!this.json) this.#stdout.write(`${text}\n`);
  }

  /** A line on stderr, for people and beside NDJSON. */
  note(text: string): void {
    this.#stderr.write(`${text}\n`);
  }

  warning(text: string): void {
    this.note(`${this.#notePaint.yellow("warning:")} ${cleanLine(text)}`);
  }

  /** Reports what ended a verb and returns the exit code for it. */
  error(thrown: unknown): number {
    const error = toTaskMasterError(thrown);
    const exitCode = exitCodeOf(error.code);
    if (this.json) {
      this.record("error", { code: error.code, message: error.message, ...(error.details === undefined ? {} : { details: error.details }) });
      return exitCode;
    }
    const code = this.verbosity > 0 ? ` ${this.#notePaint.dim(`(${error.code})`)}` : "";
    this.note(`${this.#notePaint.red("error:")} ${cleanText(error.message).trimEnd()}${code}`);
    if (error.details !== undefined && (this.verbosity > 0 || exitCode === exitCodes.precondition)) this.note(indent(cleanText(error.details)));
    const hint = hintFor(error);
    if (hint !== undefined) this.note(this.#notePaint.dim(hint));
    return exitCode;
  }
}

/** The program's own log on stderr: warnings always, more with -v and -vv. */
export function createLogger(stderr: TextSink, verbosity: number): Record<LogLevel, (message: string, data?: JsonObject) => void> {
  const write = (level: LogLevel, message: string, data?: JsonObject): void => {
    stderr.write(`${level}: ${cleanLine(message)}${data === undefined ? "" : ` ${safeJson(data)}`}\n`);
  };
  const silent = (): void => undefined;
  const from = (level: LogLevel, least: number): ((message: string, data?: JsonObject) => void) =>
    verbosity >= least ? (message, data) => write(level, message, data) : silent;
  return { debug: from("debug", 2), info: from("info", 1), warn: from("warn", 0), error: from("error", 0) };
}

/** Sets every line of a text in. */
export function indent(text: string, by = "    "): string {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => by + line)
    .join("\n");
}

function wantsColor(mode: ColorMode, env: OutputOptions["env"], sink: TextSink): boolean {
  if (mode !== "auto") return mode === "always";
  if ((env["NO_COLOR"] ?? "") !== "") return false;
  const forced = env["FORCE_COLOR"] ?? "";
  if (forced !== "") return forced !== "0" && forced !== "false";
  return sink.isTTY === true && env["TERM"] !== "dumb";
}

function makePaint(on: boolean): Paint {
  const style = (code: number) => (text: string) => (on && text !== "" ? `\u001b[${code}m${text}\u001b[0m` : text);
  return Object.fromEntries(Object.entries(styles).map(([name, code]) => [name, style(code)])) as unknown as Paint;
}

function hintFor(error: TaskMasterError): string | undefined {
  if (error.code === "INVALID_INPUT") return "See task-master-goose --help.";
  if (error.code === "TASK_NOT_FOUND") return "task-master-goose list shows the tasks with their ids.";
  if (error.code === "SQLITE_MISSING") return undefined;
  return exitCodeOf(error.code) === exitCodes.precondition ? "task-master-goose doctor checks the set-up." : undefined;
}
