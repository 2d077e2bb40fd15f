/** The parts of a shell script as far as the approval of commands needs them. */

/** A piece of a word. */
export type WordPart =
  | { readonly kind: "text"; readonly text: string; readonly isQuoted: boolean }
  | { readonly kind: "variable"; readonly name: string; readonly isQuoted: boolean }
  /** `~` or `~name` at the beginning of a word. */
  | { readonly kind: "home" }
  /** Output of a script, or the file name that stands for it (`isFile`: `<( )` and `>( )`). */
  | { readonly kind: "script"; readonly script: ShellScript; readonly isQuoted: boolean; readonly isFile: boolean }
  /** What only running it would tell. */
  | { readonly kind: "unknown" };

export type ShellWord = readonly WordPart[];

export interface Assignment {
  readonly name: string;
  readonly value: ShellWord;
}

export interface Redirect {
  /** `>`, `>>`, `<`, `<<<`, `<<`, ... without the number before it. */
  readonly operator: string;
  /** The file; of a here-document and a here-string, the text. */
  readonly target: ShellWord;
}

/** One command with what is set and redirected for it. */
export interface SimpleCommand {
  readonly kind: "simple";
  readonly assignments: readonly Assignment[];
  readonly words: readonly ShellWord[];
  readonly redirects: readonly Redirect[];
}

/** `( … )` and `{ …; }`. */
export interface GroupCommand {
  readonly kind: "group";
  readonly isSubshell: boolean;
  readonly script: ShellScript;
  readonly redirects: readonly Redirect[];
}

/** `for NAME in WORDS`, `select NAME in WORDS`: the name takes all of these values. */
export interface LoopHead {
  readonly kind: "loop";
  readonly name: string;
  readonly values: readonly ShellWord[];
}

export type ShellCommand = SimpleCommand | GroupCommand | LoopHead;

/** Commands whose output goes into the next one. */
export type Pipeline = readonly ShellCommand[];

/** Pipelines in the order of the text; which of them really run is not told. */
export type ShellScript = readonly Pipeline[];

/** The text is no script that the parser knows. */
export class NotUnderstood extends Error {}

/** Text of the shell that does too many things at once. */
export class TooMuch extends NotUnderstood {}

/** The word as it stands, when nothing in it is quoted or computed. */
export function plainText(word: ShellWord): string | undefined {
  const [part] = word;
  return word.length === 1 && part?.kind === "text" && !part.isQuoted ? part.text : undefined;
}

/** What is only computed or compared: a command that does nothing with these words. */
export function inert(words: readonly ShellWord[], redirects: readonly Redirect[] = []): SimpleCommand {
  return { kind: "simple", assignments: [], words: [[{ kind: "text", text: ":", isQuoted: true }], ...words], redirects };
}

/** The beginning of an assigned value: it is neither split nor expanded, but for a home directory. */
export function assignedWord(text: string): ShellWord {
  if (/^~(\/|$|:)/.test(text)) return [{ kind: "home" }, { kind: "text", text: text.slice(1), isQuoted: true }];
  return text === "" ? [] : [{ kind: "text", text, isQuoted: true }];
}

/** The longest first. */
export const redirectOperators = ["&>>", "<<<", "<<-", "<<", "&>", ">>", ">|", ">&", "<&", "<>", ">", "<"] as const;
/** Between commands, the longest first. */
export const separators = [";;&", ";;", ";&", ";", "&&", "||", "&"];
/** Words that only order the commands behind them. */
export const skippedWords: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "elif",
  "fi",
  "while",
  "until",
  "do",
  "done",
  "{",
  "}",
  "!",
  "time",
  "-p", // of time: nothing else begins with it
  "esac",
]);
