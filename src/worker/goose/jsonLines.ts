import { TextDecoder } from "node:util";

/** Longest line that Goose may send; the longest seen were below 1 MB. */
export const maxLineBytes = 8 * 1024 * 1024;

/** So much output that is not the protocol ends the conversation. */
const maxGarbageBytes = maxLineBytes;
const maxGarbageLines = 100_000;

const newline = 0x0a;
const openingBrace = 0x7b;

const decoder = new TextDecoder("utf-8", { fatal: true });

export interface JsonLineSink {
  onMessage(message: Readonly<Record<string, unknown>>): void;
  /** A line that is no JSON object of JSON-RPC 2.0; it is dropped. */
  onGarbage(line: Uint8Array): void;
  /** A line beyond the cap or too much garbage. Nothing is reported afterwards. */
  onOverflow(why: string): void;
}

/** Splits bytes into lines and lines into JSON-RPC messages. Never throws and never holds more than one line. */
export class JsonLineFramer {
  readonly #sink: JsonLineSink;
  readonly #maxLineBytes: number;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #garbageBytes = 0;
  #garbageLines = 0;
  #isOver = false;

  constructor(sink: JsonLineSink, maxBytes = maxLineBytes) {
    this.#sink = sink;
    this.#maxLineBytes = maxBytes;
  }

  push(chunk: Uint8Array): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0 && !this.#isOver; end = chunk.indexOf(newline, start)) {
      if (this.#keep(chunk.subarray(start, end))) this.#line();
      start = end + 1;
    }
    if (!this.#isOver && start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #keep(bytes: Uint8Array): boolean {
    if (this.#pendingBytes + bytes.length > this.#maxLineBytes) {
      this.#end(`a line is longer than ${this.#maxLineBytes} bytes`);
      return false;
    }
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    return true;
  }

  #line(): void {
    const bytes = this.#pending.length === 1 ? this.#pending[0] : Buffer.concat(this.#pending);
    this.#pending = [];
    this.#pendingBytes = 0;
    if (bytes === undefined || bytes.length === 0) return;
    const message = parse(bytes);
    if (message !== undefined) return this.#sink.onMessage(message);
    this.#garbageBytes += bytes.length;
    this.#garbageLines++;
    this.#sink.onGarbage(bytes);
    if (this.#garbageBytes > maxGarbageBytes || this.#garbageLines > maxGarbageLines) this.#end("too much of its output is not the protocol");
  }

  #end(why: string): void {
    this.#isOver = true;
    this.#pending = [];
    this.#sink.onOverflow(why);
  }
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  // Cheap for floods of other text. Nobody writes a message in another way than as an object from the first byte on.
  if (bytes[0] !== openingBrace) return undefined;
  try {
    const message = JSON.parse(decoder.decode(bytes)) as Readonly<Record<string, unknown>>;
    return message["jsonrpc"] === "2.0" ? message : undefined;
  } catch {
    return undefined;
  }
}
