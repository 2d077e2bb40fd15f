import { ansiText } from "./shellEscapes.ts";
import { TooMuch, type ShellScript, type ShellWord, type SimpleCommand, type WordPart } from "./shellSyntax.ts";

/** Stands in an expanded text for what only running would tell. Private-use characters: a command that holds them is not understood. */
export const unknown = "\u{F0000}";
/** Stands for the home directory, whoever's it is. */
export const home = "\u{F0001}";
/** Where an expanded text falls apart into several words. */
const gap = "\u{F0002}";

/** Whether a text holds one of the characters that stand for something else. */
export function holdsMarks(text: string): boolean {
  return /[\u{F0000}-\u{F0002}]/u.test(text);
}

const maxValues = 256;
const maxWords = 4_096;
const maxRounds = 16;

/** What is left out could be what matters: a text that becomes more than this is not followed at all. */
function bounded<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length > most) throw new TooMuch("too many words");
  return list;
}

/** What is known of the variables while a script is read from top to bottom: all values that one may have. */
export class ShellVariables {
  readonly #values: Map<string, readonly string[]>;

  constructor(values?: ReadonlyMap<string, readonly string[]>) {
    this.#values = new Map(
      values ?? [
        ["HOME", [home]],
        ["PWD", ["."]],
        ["TMPDIR", ["/tmp"]],
        ["IFS", [" \t\n"]],
      ],
    );
  }

  copy(): ShellVariables {
    return new ShellVariables(this.#values);
  }

  of(name: string): readonly string[] {
    return this.#values.get(name) ?? [unknown];
  }

  /** Which branch is taken is not known: earlier values stay possible. */
  add(name: string, values: readonly string[]): void {
    const all = [...new Set([...(this.#values.get(name) ?? []), ...values])];
    this.#values.set(name, bounded(all, maxValues));
  }

  /** Splits as the shell would, at blanks and at whatever IFS was set to. */
  split(text: string): string {
    const separators = ` \t\n${this.of("IFS").join("")}`;
    return Array.from(text, (character) => (separators.includes(character) ? gap : character)).join("");
  }
}

/** The words that a word becomes. A variable with several possible values gives all of them. */
export function expandWord(word: ShellWord, variables: ShellVariables): readonly string[] {
  return braced(word).flatMap((each) => {
    const texts = each.reduce<readonly string[]>(
      (texts, part) =>
        bounded(
          texts.flatMap((text) => valuesOf(part, variables).map((value) => text + value)),
          maxValues,
        ),
      [""],
    );
    const words = texts.flatMap((text) => text.split(gap).filter((piece) => piece !== ""));
    // A word of quotes alone is an empty word, not none.
    return words.length === 0 && each.some((part) => part.kind === "text") ? [""] : words;
  });
}

/** The words of a command. */
export function expandWords(words: readonly ShellWord[], variables: ShellVariables): readonly string[] {
  return bounded(
    words.flatMap((word) => expandWord(word, variables)),
    maxWords,
  );
}

/** A word that is not split: an assigned value, the target of a redirect, a here-document. */
export function expandText(word: ShellWord, variables: ShellVariables): readonly string[] {
  const whole = word.map((part) => (part.kind === "variable" || part.kind === "script" ? { ...part, isQuoted: true } : part));
  return whole.reduce<readonly string[]>(
    (texts, part) =>
      bounded(
        texts.flatMap((text) => valuesOf(part, variables).map((value) => text + value)),
        maxValues,
      ),
    [""],
  );
}

function valuesOf(part: WordPart, variables: ShellVariables): readonly string[] {
  switch (part.kind) {
    case "text":
      return [part.text];
    case "home":
      return [home];
    case "unknown":
      return [unknown];
    case "variable": {
      const values = variables.of(part.name);
      return part.isQuoted ? values : values.map((value) => variables.split(value));
    }
    case "script": {
      const output = part.isFile ? undefined : outputOf(part.script, variables);
      if (output === undefined) return [unknown];
      return [part.isQuoted ? output : variables.split(output)];
    }
  }
}

/** What a script prints, where that is plain to see. */
export function outputOf(script: ShellScript, variables: ShellVariables): string | undefined {
  const [pipeline, ...others] = script;
  const [command, ...stages] = pipeline ?? [];
  if (command?.kind !== "simple" || others.length > 0 || stages.length > 0) return undefined;
  return printedBy(command, variables);
}

/** What one command prints, where that is plain to see; undefined for all that is not. */
export function printedBy(command: SimpleCommand, variables: ShellVariables): string | undefined {
  const [program, ...operands] = expandWords(command.words, variables);
  const text = operands.join(" ");
  switch (program) {
    case "echo":
      return ansiText(text.replace(/^(-[neE]+ )+/, ""));
    case "printf":
      return printf(operands);
    case "pwd":
      return ".";
    case "mktemp":
      return "/tmp/made";
    case "which":
      return operands.length === 1 ? operands[0] : undefined;
    case "command":
    case "type":
      return operands.length === 2 && operands[0]?.startsWith("-") === true ? operands[1] : undefined;
    case "git":
      return text === "rev-parse --show-toplevel" ? "." : undefined;
    case "cat":
      return operands.length === 0 ? documentOf(command, variables) : undefined;
    default:
      return undefined;
  }
}

/** The text that a command is given on its standard input within the command line itself. */
export function documentOf({ redirects }: Pick<SimpleCommand, "redirects">, variables: ShellVariables): string | undefined {
  const document = redirects.findLast(({ operator }) => operator.startsWith("<<"));
  return document === undefined ? undefined : expandText(document.target, variables).join("\n");
}

function printf([format = "", ...values]: readonly string[]): string {
  const rest = [...values];
  const filled = ansiText(format).replaceAll(/%[-0-9.]*([a-zA-Z%])/g, (_whole, letter: string) => (letter === "%" ? "%" : ansiText(rest.shift() ?? "")));
  return [filled, ...rest].join(" ");
}

/** `{a,b}` in a word without quotes and variables becomes several words; elsewhere what becomes of it is not known. */
function braced(word: ShellWord): readonly ShellWord[] {
  const hasBraces = word.some((part) => part.kind === "text" && !part.isQuoted && part.text.includes("{"));
  if (!hasBraces) return [word];
  const [first] = word;
  if (word.length === 1 && first?.kind === "text") return alternatives(first.text).map(homely);
  const hasChoice = word.some((part) => part.kind === "text" && !part.isQuoted && /,|\.\./.test(part.text));
  return [hasChoice ? [...word, { kind: "unknown" }] : word];
}

function alternatives(text: string): readonly string[] {
  let texts: readonly string[] = [text];
  for (let round = 0; round < maxRounds; round++) {
    const next = texts.flatMap((each) => {
      const match = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(each);
      return match === null ? [each] : (match[2] ?? "").split(",").map((choice) => `${match[1]}${choice}${match[3]}`);
    });
    if (next.length === texts.length && next.every((each, index) => each === texts[index])) return next;
    texts = bounded(next, maxWords);
  }
  throw new TooMuch("too many braces");
}

function homely(text: string): ShellWord {
  const match = /^~[A-Za-z0-9_.-]*/.exec(text);
  const rest: WordPart = { kind: "text", text: text.slice(match?.[0].length ?? 0), isQuoted: false };
  return match === null ? [rest] : [{ kind: "home" }, rest];
}
