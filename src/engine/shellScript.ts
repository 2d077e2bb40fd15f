/**
 * Takes a shell command line apart, as bash would: commands, pipes, groups, redirects, here-documents and everything
 * that is computed while it runs. It does not tell which commands run, only which may. What it cannot read is refused
 * (NotUnderstood), never guessed.
 */
import { ShellDocuments } from "./shellDocuments.ts";
import { ShellReader } from "./shellReader.ts";
import { assignedWord, inert, NotUnderstood, plainText, redirectOperators, separators, skippedWords, TooMuch } from "./shellSyntax.ts";
import type { Assignment, GroupCommand, Pipeline, Redirect, ShellCommand, ShellScript, ShellWord } from "./shellSyntax.ts";

const maxText = 65_536;
/** The commands of a text; throws NotUnderstood. */
export function parseShell(text: string): ShellScript {
  if (text.length > maxText) throw new TooMuch("too long");
  const reader = new ShellReader(text, commandsOf, 0);
  try {
    const script = commandsOf(reader);
    if (reader.isAtEnd) return script;
  } catch (thrown) {
    // Brackets in brackets without end use up the stack.
    throw thrown instanceof RangeError ? new TooMuch("nested too deeply") : thrown;
  }
  throw new NotUnderstood("an unexpected )");
}

function commandsOf(reader: ShellReader): ShellScript {
  return new ScriptParser(reader).all();
}

class ScriptParser {
  readonly #reader: ShellReader;
  readonly #documents: ShellDocuments;

  constructor(reader: ShellReader) {
    this.#reader = reader;
    this.#documents = new ShellDocuments(reader);
  }

  all(): ShellScript {
    const script = this.#script();
    if (this.#documents.areOpen) throw new NotUnderstood("a here-document without text");
    return script;
  }

  /** Pipelines up to the end or a closing bracket. */
  #script(): ShellScript {
    const reader = this.#reader;
    const pipelines: Pipeline[] = [];
    for (;;) {
      reader.skipBlanks();
      if (reader.isAtEnd || reader.next === ")") return pipelines;
      if (this.#separator()) continue;
      const before = reader.at;
      pipelines.push(...this.#pipeline());
      if (reader.at === before) throw new NotUnderstood(`an unexpected ${reader.next}`);
    }
  }

  #separator(): boolean {
    const reader = this.#reader;
    if (reader.take("\n")) {
      this.#documents.read();
      return true;
    }
    return !reader.startsWith("&>") && separators.some((separator) => reader.take(separator));
  }

  /** One pipeline; heads of loops among it are pipelines of their own. */
  #pipeline(): readonly Pipeline[] {
    const heads: Pipeline[] = [];
    const stages: ShellCommand[] = [];
    do {
      this.#skipLines();
      for (const command of this.#command()) {
        if (command.kind === "loop") heads.push([command]);
        else stages.push(command);
      }
      this.#reader.skipBlanks();
    } while (!this.#reader.startsWith("||") && (this.#reader.take("|&") || this.#reader.take("|")));
    return stages.length === 0 ? heads : [...heads, stages];
  }

  #skipLines(): void {
    this.#reader.skipBlanks();
    while (this.#reader.take("\n")) {
      this.#documents.read();
      this.#reader.skipBlanks();
    }
  }

  #command(): readonly ShellCommand[] {
    const reader = this.#reader;
    reader.skipBlanks();
    if (reader.startsWith("((")) return [this.#arithmetic()];
    if (reader.take("(")) return [this.#group()];
    const start = reader.at;
    const word = reader.word();
    const plain = word === undefined ? undefined : plainText(word);
    if (plain !== undefined && skippedWords.has(plain)) return this.#command();
    if (plain === "coproc") throw new TooMuch("a coprocess");
    if (plain === "for" || plain === "select") return this.#loop();
    if (plain === "case") return this.#cases();
    if (plain === "function") return this.#functionName();
    if (plain === "[[") return [this.#condition()];
    reader.at = start;
    return this.#simple();
  }

  #group(): GroupCommand {
    const script = this.#script();
    if (!this.#reader.take(")")) throw new NotUnderstood("no )");
    return { kind: "group", isSubshell: true, script, redirects: this.#redirects() };
  }

  #arithmetic(): ShellCommand {
    this.#reader.at += 2;
    return inert([this.#reader.arithmetic()]);
  }

  /** `[[ … ]]` only compares; what is computed for it counts. */
  #condition(): ShellCommand {
    const reader = this.#reader;
    const words: ShellWord[] = [];
    for (;;) {
      reader.skipBlanks();
      if (reader.isAtEnd) throw new NotUnderstood("no ]]");
      const word = reader.word();
      if (word === undefined) reader.at++;
      else if (plainText(word) === "]]") return inert(words, this.#redirects());
      else words.push(word);
    }
  }

  #loop(): readonly ShellCommand[] {
    const reader = this.#reader;
    reader.skipBlanks();
    if (reader.startsWith("((")) return [this.#arithmetic()];
    const name = plainText(reader.word() ?? []);
    if (name === undefined) throw new NotUnderstood("a loop without a name");
    this.#skipLines();
    const values: ShellWord[] = [];
    const before = reader.at;
    if (plainText(reader.word() ?? []) !== "in") {
      reader.at = before;
      return [{ kind: "loop", name, values: [[{ kind: "unknown" }]] }];
    }
    for (;;) {
      reader.skipBlanks();
      const word = reader.word();
      if (word === undefined) return [{ kind: "loop", name, values }];
      values.push(word);
    }
  }

  /** `case WORD in PATTERN) …`: the patterns go, what they choose stays. */
  #cases(): readonly ShellCommand[] {
    const reader = this.#reader;
    reader.skipBlanks();
    const subject = reader.word();
    this.#skipLines();
    if (subject === undefined || plainText(reader.word() ?? []) !== "in") throw new NotUnderstood("a case without in");
    const pipelines: Pipeline[] = [[inert([subject])]];
    for (;;) {
      this.#skipLines();
      const before = reader.at;
      if (plainText(reader.word() ?? []) === "esac") break;
      reader.at = before;
      this.#pattern();
      pipelines.push(...this.#chosen());
    }
    return [{ kind: "group", isSubshell: false, script: pipelines, redirects: this.#redirects() }];
  }

  #pattern(): void {
    const reader = this.#reader;
    reader.take("(");
    for (;;) {
      reader.skipBlanks();
      if (reader.take(")")) return;
      if (!reader.take("|") && reader.word() === undefined) throw new NotUnderstood("a case without )");
    }
  }

  /** Up to `;;` or `esac`. */
  #chosen(): ShellScript {
    const reader = this.#reader;
    const pipelines: Pipeline[] = [];
    for (;;) {
      this.#skipLines();
      if (reader.take(";;&") || reader.take(";;") || reader.take(";&")) return pipelines;
      const before = reader.at;
      if (reader.isAtEnd) throw new NotUnderstood("no esac");
      if (plainText(reader.word() ?? []) === "esac") {
        reader.at = before;
        return pipelines;
      }
      reader.at = before;
      if (!this.#separator()) pipelines.push(...this.#pipeline());
      if (reader.at === before) throw new NotUnderstood(`an unexpected ${reader.next}`);
    }
  }

  #functionName(): readonly ShellCommand[] {
    this.#reader.skipBlanks();
    this.#reader.word();
    this.#reader.skipBlanks();
    if (this.#reader.take("(")) {
      this.#reader.skipBlanks();
      this.#reader.take(")");
    }
    this.#skipLines();
    return this.#command();
  }

  #simple(): readonly ShellCommand[] {
    const reader = this.#reader;
    const assignments: Assignment[] = [];
    const words: ShellWord[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      const redirect = this.#redirect();
      if (redirect !== undefined) {
        redirects.push(redirect);
        continue;
      }
      const word = reader.word();
      if (word === undefined) break;
      const assignment = words.length === 0 ? this.#assignment(word) : undefined;
      if (assignment === undefined) words.push(word);
      else assignments.push(assignment);
    }
    if (words.length === 1 && reader.take("(")) return this.#functionBody();
    if (words.length + assignments.length + redirects.length === 0) return [];
    return [{ kind: "simple", assignments, words, redirects }];
  }

  /** `name() …`: what it does counts where it is written. */
  #functionBody(): readonly ShellCommand[] {
    this.#reader.skipBlanks();
    if (!this.#reader.take(")")) throw new NotUnderstood("an unexpected (");
    this.#skipLines();
    return this.#command();
  }

  #assignment(word: ShellWord): Assignment | undefined {
    const [first, ...rest] = word;
    if (first?.kind !== "text" || first.isQuoted) return undefined;
    const match = /^([A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?\+?=(.*)$/s.exec(first.text);
    if (match === null) return undefined;
    const [, name = "", , text = ""] = match;
    if (text === "" && rest.length === 0 && this.#reader.take("(")) return { name, value: this.#list() };
    return { name, value: [...assignedWord(text), ...rest] };
  }

  /** The values of an array, as if they were one text. */
  #list(): ShellWord {
    const parts: ShellWord[] = [];
    for (;;) {
      this.#skipLines();
      if (this.#reader.take(")")) return parts.flatMap((word) => [...word, { kind: "text", text: " ", isQuoted: false }]);
      const word = this.#reader.word();
      if (word === undefined) throw new NotUnderstood("an array without )");
      parts.push(word);
    }
  }

  #redirects(): readonly Redirect[] {
    const redirects: Redirect[] = [];
    for (let redirect = this.#redirect(); redirect !== undefined; redirect = this.#redirect()) redirects.push(redirect);
    return redirects;
  }

  #redirect(): Redirect | undefined {
    const reader = this.#reader;
    reader.skipBlanks();
    const before = reader.at;
    const number = /^(\d+|\{[A-Za-z_]\w*\})(?=[<>])/.exec(reader.text.slice(before, before + 64))?.[0] ?? "";
    reader.at += number.length;
    const operator = reader.startsWith("<(") || reader.startsWith(">(") ? undefined : redirectOperators.find((known) => reader.take(known));
    if (operator === undefined) {
      reader.at = before;
      return undefined;
    }
    reader.skipBlanks();
    const target = reader.word();
    if (target === undefined) throw new NotUnderstood("a redirect without a target");
    const redirect = { operator, target };
    return operator === "<<" || operator === "<<-" ? this.#documents.add(redirect) : redirect;
  }
}
