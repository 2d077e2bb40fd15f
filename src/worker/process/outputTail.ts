import { StringDecoder } from "node:string_decoder";

/** Keeps the last bytes of a text that may be endless; memory stays below twice the cap. */
export class OutputTail {
  readonly #maxBytes: number;
  #pieces: string[] = [];
  #bytes = 0;
  #isTruncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  push(text: string): void {
    this.#pieces.push(text);
    this.#bytes += Buffer.byteLength(text);
    if (this.#bytes > 2 * this.#maxBytes) this.#shrink();
  }

  /** Whether something was dropped from the front. */
  get isTruncated(): boolean {
    return this.#isTruncated || this.#bytes > this.#maxBytes;
  }

  text(): string {
    this.#shrink();
    return this.#pieces[0] ?? "";
  }

  #shrink(): void {
    let bytes = Buffer.from(this.#pieces.join(""));
    if (bytes.length > this.#maxBytes) {
      this.#isTruncated = true;
      let start = bytes.length - this.#maxBytes;
      // Never start inside a character.
      while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
      bytes = bytes.subarray(start);
    }
    this.#pieces = [bytes.toString("utf8")];
    this.#bytes = bytes.length;
  }
}

/** Decodes a byte stream piece by piece; characters that chunks split are put together. `end` gives what is left. */
export function textDecoder(onText: (text: string) => void): { push(chunk: Buffer): void; end(): void } {
  const decoder = new StringDecoder("utf8");
  const give = (text: string): void => {
    if (text !== "") onText(text);
  };
  return { push: (chunk) => give(decoder.write(chunk)), end: () => give(decoder.end()) };
}
