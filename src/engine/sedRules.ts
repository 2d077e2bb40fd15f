/** sed writes files and runs commands from within its scripts: which. */
import { firstWhy, type CommandScene } from "./commandScene.ts";
import { unknown } from "./shellValues.ts";

export function sed(operands: readonly string[], scene: CommandScene): string | undefined {
  const { scripts, files } = partsOf(operands);
  const isInPlace = operands.some((operand) => /^(-[a-zA-Z]*i.*|--in-place.*)$/.test(operand));
  return firstWhy(scripts, (script) => scriptDanger(script, scene)) ?? (isInPlace ? firstWhy(files, scene.writing) : undefined);
}

/** Scripts stand behind `-e`; without one, the first operand is it. What stands in a file is not seen. */
function partsOf(operands: readonly string[]): { readonly scripts: readonly string[]; readonly files: readonly string[] } {
  const scripts = operands.flatMap((operand, index) => {
    if (/^(-[nErsuz]*e|--expression)$/.test(operands[index - 1] ?? "")) return [operand];
    const attached = /^(?:-[nErsuz]*e|--expression=)(.+)$/s.exec(operand)?.[1];
    return attached === undefined ? [] : [attached];
  });
  const words = operands.filter((operand, index) => !operand.startsWith("-") && !/^(-[nErsuz]*[efl]|--(expression|file))$/.test(operands[index - 1] ?? ""));
  if (scripts.length > 0 || operands.some((operand) => /^(-[nErsuz]*f|--file)/.test(operand))) return { scripts, files: words };
  // BSD's `-i` has its ending, often an empty one, as a word of its own.
  const [script = "", ...files] = /^(\.\w+)?$/.test(words[0] ?? "") ? words.slice(1) : words;
  return { scripts: [script], files };
}

/** What may stand before a command: blanks, ends, addresses by number. */
const before = new Set(" \t\n;{}!,$~+0123456789IM");

function scriptDanger(script: string, { writing }: CommandScene): string | undefined {
  // What only running would tell counts as a number: it may stand nearly everywhere.
  const reader = new SedReader(script.replaceAll(unknown, "1"));
  for (let letter = reader.take(); letter !== ""; letter = reader.take()) {
    if (before.has(letter)) continue;
    if (letter === "/") reader.skipPattern(letter);
    else if (letter === "\\") reader.skipPattern(reader.take());
    else if (letter === "e") return "makes sed run another program";
    else if (/[wW]/.test(letter)) {
      const why = writing(reader.line().trimStart());
      if (why !== undefined) return why;
    } else if (letter === "s") {
      const why = substitution(reader, writing);
      if (why !== undefined) return why;
    } else skipCommand(letter, reader);
  }
  return undefined;
}

function substitution(reader: SedReader, writing: CommandScene["writing"]): string | undefined {
  const delimiter = reader.take();
  reader.skipPattern(delimiter);
  reader.skipText(delimiter);
  const flags = reader.flags();
  if (flags.includes("e")) return "makes sed run another program";
  return flags.endsWith("w") ? writing(reader.line().trimStart()) : undefined;
}

function skipCommand(letter: string, reader: SedReader): void {
  if (letter === "y") {
    const delimiter = reader.take();
    reader.skipText(delimiter);
    reader.skipText(delimiter);
  } else if (/[aic]/.test(letter)) reader.skipText("\n");
  else if (/[rR#]/.test(letter)) reader.line();
  else if (/[btTv:]/.test(letter)) reader.label();
  // What is no command of sed's ends with an error before anything is written.
  else if (!/[dDgGhHlnNpPqQxzF=]/.test(letter)) reader.end();
}

/** Reads a script of sed from left to right. */
class SedReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** The next character; empty at the end. */
  take(): string {
    return this.#text.charAt(this.#at++);
  }

  end(): void {
    this.#at = this.#text.length;
  }

  /** All up to the end of the line. */
  line(): string {
    return this.#match(/[^\n]*/y);
  }

  label(): void {
    this.#match(/[^\n;]*/y);
  }

  flags(): string {
    return this.#match(/[gpPiImMe\d]*w?/y);
  }

  /** Up to behind the delimiter; a backslash takes the next character along. */
  skipText(delimiter: string): void {
    for (let letter = this.take(); letter !== delimiter && letter !== ""; letter = this.take()) if (letter === "\\") this.#at++;
  }

  /** The same for a regular expression: in its brackets no character is special. */
  skipPattern(delimiter: string): void {
    for (let letter = this.take(); letter !== delimiter && letter !== ""; letter = this.take()) {
      if (letter === "\\") this.#at++;
      if (letter === "[") this.#skipBrackets();
    }
  }

  /** `[]a]`, `[^]a]`, `[[:alpha:]]`; without an end the script is wrong as a whole. */
  #skipBrackets(): void {
    this.#match(/\^?\]?/y);
    while (/\[[:.=]/.test(this.#match(/[^\]]*/y))) this.#at++;
    if (this.take() === "") this.end();
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}
