import { ansiText } from "./shellEscapes.ts";
import { NotUnderstood, TooMuch, type ShellScript, type ShellWord, type WordPart } from "./shellSyntax.ts";

/** Parses commands up to the end or to a bracket that they do not open; the reader itself knows words only. */
export type ParseScript = (reader: ShellReader) => ShellScript;

/** Nested texts are read more than once, so that the effort doubles with each level. */
const maxDepth = 8;
const wordEnd = new Set([" ", "\t", "\n", "\r", ";", "&", "|", "<", ">", "(", ")", ""]);
const quoted = new Set(["'", '"', "\\", "$", "`"]);

/** Reads a shell text from left to right: characters, quotes, substitutions and words. */
export class ShellReader {
  readonly text: string;
  readonly depth: number;
  at = 0;
  readonly #parse: ParseScript;

  constructor(text: string, parse: ParseScript, depth: number) {
    if (depth > maxDepth) throw new TooMuch("nested too deeply");
    this.text = text;
    this.depth = depth;
    this.#parse = parse;
  }

  get isAtEnd(): boolean {
    return this.at >= this.text.length;
  }

  get next(): string {
    return this.text.charAt(this.at);
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }

  /** Steps over a text when it comes next. */
  take(text: string): boolean {
    if (!this.startsWith(text)) return false;
    this.at += text.length;
    return true;
  }

  /** Steps over blanks, joined lines and a comment; a line's end stays. */
  skipBlanks(): void {
    for (;;) {
      if (this.next === " " || this.next === "\t" || this.next === "\r") this.at++;
      else if (this.startsWith("\\\n")) this.at += 2;
      else if (this.startsWith("\\\r\n")) this.at += 3;
      else if (this.next === "#" && this.#isWordStart()) this.#skipLine();
      else return;
    }
  }

  /** The next word; undefined when none begins here. */
  word(): ShellWord | undefined {
    const start = this.at;
    const parts: WordPart[] = [];
    while (!this.isAtEnd && (!wordEnd.has(this.next) || this.#isProcessFile())) {
      if (this.startsWith("\\\n")) this.at += 2;
      else if (this.next === "~" && this.at === start) parts.push(this.#home());
      else parts.push(...(quoted.has(this.next) || this.#isProcessFile() ? this.#special() : [this.#plain()]));
    }
    return this.at === start ? undefined : parts;
  }

  /** The text up to a matching bracket, behind which the reader then stands. */
  until(open: string, close: string): string {
    const start = this.at;
    for (let level = 1; !this.isAtEnd;) {
      if (this.next === close && --level === 0) {
        this.at++;
        return this.text.slice(start, this.at - 1);
      }
      if (this.next === open) level++;
      if (quoted.has(this.next)) this.#special();
      else this.at++;
    }
    throw new NotUnderstood(`no ${close}`);
  }

  /** What stands in a text that expands variables and substitutions: double quotes, here-documents. */
  expanded(text: string): ShellWord {
    const reader = new ShellReader(text, this.#parse, this.depth + 1);
    const parts: WordPart[] = [];
    while (!reader.isAtEnd) parts.push(...reader.#inQuotes());
    return parts;
  }

  /** Behind `((`: a number. But what is none, bash takes for a script in double brackets, so that it is read as one too. */
  arithmetic(): ShellWord {
    const text = this.until("(", ")");
    if (!this.take(")")) throw new NotUnderstood("no ))");
    const parts: WordPart[] = [...this.#inside(text), { kind: "unknown" }];
    try {
      const inner = new ShellReader(text, this.#parse, this.depth + 1);
      const script = this.#parse(inner);
      return inner.isAtEnd ? [...parts, { kind: "script", script, isQuoted: true, isFile: false }] : parts;
    } catch (thrown) {
      if (thrown instanceof NotUnderstood && !(thrown instanceof TooMuch)) return parts;
      throw thrown;
    }
  }

  #isWordStart(): boolean {
    return this.at === 0 || wordEnd.has(this.text.charAt(this.at - 1));
  }

  #isProcessFile(): boolean {
    return this.startsWith("<(") || this.startsWith(">(");
  }

  #skipLine(): void {
    while (!this.isAtEnd && this.next !== "\n") this.at++;
  }

  #home(): WordPart {
    const name = /^~[A-Za-z0-9_.-]*/.exec(this.text.slice(this.at, this.at + 256))?.[0] ?? "~";
    this.at += name.length;
    return { kind: "home" };
  }

  #plain(): WordPart {
    const start = this.at;
    while (!this.isAtEnd && !wordEnd.has(this.next) && !quoted.has(this.next)) this.at++;
    return { kind: "text", text: this.text.slice(start, this.at), isQuoted: false };
  }

  #special(): readonly WordPart[] {
    if (this.take("'")) return [{ kind: "text", text: this.#through("'"), isQuoted: true }];
    if (this.take('"') || this.take('$"')) return this.#doubleQuoted();
    if (this.take("$'")) return [{ kind: "text", text: this.#ansiQuoted(), isQuoted: true }];
    if (this.take("\\")) {
      const text = this.next;
      this.at++;
      return [{ kind: "text", text, isQuoted: true }];
    }
    if (this.#isProcessFile()) {
      this.at += 2;
      return [{ kind: "script", script: this.#closed(), isQuoted: false, isFile: true }];
    }
    return this.#dollar(false);
  }

  #through(quote: string): string {
    const end = this.text.indexOf(quote, this.at);
    if (end < 0) throw new NotUnderstood(`no ${quote}`);
    const text = this.text.slice(this.at, end);
    this.at = end + 1;
    return text;
  }

  #ansiQuoted(): string {
    const start = this.at;
    while (!this.isAtEnd && this.next !== "'") this.at += this.next === "\\" ? 2 : 1;
    if (this.isAtEnd) throw new NotUnderstood("no '");
    return ansiText(this.text.slice(start, this.at++));
  }

  #doubleQuoted(): readonly WordPart[] {
    const parts: WordPart[] = [{ kind: "text", text: "", isQuoted: true }];
    while (!this.take('"')) {
      if (this.isAtEnd) throw new NotUnderstood('no "');
      parts.push(...this.#inQuotes());
    }
    return parts;
  }

  #inQuotes(): readonly WordPart[] {
    if (this.next === "$" || this.next === "`") return this.#dollar(true);
    if (this.next === "\\" && /[$`"\\\n]/.test(this.text.charAt(this.at + 1))) {
      const text = this.text.charAt(this.at + 1);
      this.at += 2;
      return text === "\n" ? [] : [{ kind: "text", text, isQuoted: true }];
    }
    const start = this.at++;
    while (!this.isAtEnd && !['"', "$", "`", "\\"].includes(this.next)) this.at++;
    return [{ kind: "text", text: this.text.slice(start, this.at), isQuoted: true }];
  }

  #dollar(isQuoted: boolean): readonly WordPart[] {
    if (this.take("`")) return [{ kind: "script", script: this.#backquoted(), isQuoted, isFile: false }];
    if (this.take("$((")) return this.arithmetic();
    if (this.take("$(")) return [{ kind: "script", script: this.#closed(), isQuoted, isFile: false }];
    if (this.take("${")) return this.#braced(isQuoted);
    this.at++;
    const name = /^([A-Za-z_][A-Za-z0-9_]*|[0-9@*?$!#_-])/.exec(this.text.slice(this.at, this.at + 256))?.[0];
    if (name === undefined) return [{ kind: "text", text: "$", isQuoted: true }];
    this.at += name.length;
    return [{ kind: "variable", name, isQuoted }];
  }

  #braced(isQuoted: boolean): readonly WordPart[] {
    const inside = this.until("{", "}");
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(inside)) return [{ kind: "variable", name: inside, isQuoted }];
    return [...this.#inside(inside), { kind: "unknown" }];
  }

  /** The scripts that run while a text is computed whose value is not known. */
  #inside(text: string): readonly WordPart[] {
    return this.expanded(text).filter(({ kind }) => kind === "script");
  }

  /** The script in the brackets tells where it ends: a bracket may also be part of a `case`, a comment or a here-document. */
  #closed(): ShellScript {
    const inner = new ShellReader(this.text, this.#parse, this.depth + 1);
    inner.at = this.at;
    const script = this.#parse(inner);
    this.at = inner.at;
    if (!this.take(")")) throw new NotUnderstood("no )");
    return script;
  }

  #backquoted(): ShellScript {
    const start = this.at;
    while (!this.isAtEnd && this.next !== "`") this.at += this.next === "\\" ? 2 : 1;
    if (this.isAtEnd) throw new NotUnderstood("no `");
    const text = this.text.slice(start, this.at++).replaceAll(/\\([`\\$])/g, "$1");
    const inner = new ShellReader(text, this.#parse, this.depth + 1);
    const script = this.#parse(inner);
    if (!inner.isAtEnd) throw new NotUnderstood("an unexpected )");
    return script;
  }
}
