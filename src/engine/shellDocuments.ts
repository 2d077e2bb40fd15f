import type { ShellReader } from "./shellReader.ts";
import { NotUnderstood, type Redirect, type ShellWord } from "./shellSyntax.ts";

/** A here-document whose text begins at the next line. */
interface OpenDocument {
  readonly end: string;
  readonly isLiteral: boolean;
  readonly stripsTabs: boolean;
  readonly redirect: { target: ShellWord };
}

/** The here-documents that a line has asked for, in its order. */
export class ShellDocuments {
  readonly #reader: ShellReader;
  readonly #open: OpenDocument[] = [];

  constructor(reader: ShellReader) {
    this.#reader = reader;
  }

  get areOpen(): boolean {
    return this.#open.length > 0;
  }

  /** A redirect whose target, now the word that ends the text, becomes the text. */
  add(redirect: { readonly operator: string; target: ShellWord }): Redirect {
    const end = redirect.target.map((part) => (part.kind === "text" ? part.text : part.kind === "variable" ? `$${part.name}` : "")).join("");
    const isLiteral = redirect.target.some((part) => part.kind === "text" && part.isQuoted);
    this.#open.push({ end, isLiteral, stripsTabs: redirect.operator === "<<-", redirect });
    return redirect;
  }

  /** Reads their texts; the reader stands at the beginning of a line. */
  read(): void {
    for (const { end, isLiteral, stripsTabs, redirect } of this.#open.splice(0)) {
      const lines: string[] = [];
      for (let line = this.#line(end); ; line = this.#line(end)) {
        const text = stripsTabs ? line.replace(/^\t+/, "") : line;
        if (text === end) break;
        lines.push(`${text}\n`);
      }
      const text = lines.join("");
      redirect.target = isLiteral ? [{ kind: "text", text, isQuoted: true }] : this.#reader.expanded(text.replaceAll('"', '\\"'));
    }
  }

  #line(end: string): string {
    const { text, at } = this.#reader;
    if (at >= text.length) throw new NotUnderstood(`no end of the here-document ${end}`);
    const newline = text.indexOf("\n", at);
    this.#reader.at = newline < 0 ? text.length : newline + 1;
    return text.slice(at, newline < 0 ? undefined : newline);
  }
}
