import { readFileSync } from "node:fs";

const headerBytes = 32;
const frameHeaderBytes = 24;
const magic = 0x377f0682;

/**
 * Whether a write-ahead log is damaged before its end: SQLite reads up to the first bad frame and drops the rest without a word.
 * Frames of an earlier round (other salts) behind the last one are usual. The log itself holds no locks, so it may be read here; one
 * that is written to at the same moment may look damaged: look twice.
 * One walk over a log of 4 MB (the most that SQLite lets it become, by and large) takes about 10 ms.
 */
export function findLogDamage(log: string): string | undefined {
  const bytes = readOrNothing(log);
  if (bytes === undefined || bytes.length < headerBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isBig = (view.getUint32(0) & 1) === 1;
  const sum = new Checksum(view, !isBig);
  sum.add(0, 24);
  if ((view.getUint32(0) & 0xfffffffe) >>> 0 !== magic || !sum.equals(24)) return "the head of its write-ahead log is damaged";
  const frameBytes = frameHeaderBytes + view.getUint32(8);
  for (let frame = 1, at = headerBytes; at + frameBytes <= bytes.length; frame += 1, at += frameBytes) {
    const isSameRound = view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
    if (!isSameRound) return continuesBehind(view, at + frameBytes, frameBytes) ? damagedAt(frame) : undefined;
    sum.add(at, 8);
    sum.add(at + frameHeaderBytes, frameBytes - frameHeaderBytes);
    if (!sum.equals(at + 16)) return damagedAt(frame);
  }
  return undefined;
}

function damagedAt(frame: number): string {
  return `its write-ahead log is damaged from entry ${frame} on`;
}

/** Whether the frame behind a strange one is of this round again: then the strange one was changed. */
function continuesBehind(view: DataView, at: number, frameBytes: number): boolean {
  return at + frameBytes <= view.byteLength && view.getUint32(at + 8) === view.getUint32(16) && view.getUint32(at + 12) === view.getUint32(20);
}

/** The running sum of sqlite.org/fileformat2.html#checksum_algorithm. */
class Checksum {
  readonly #view: DataView;
  readonly #isLittle: boolean;
  #first = 0;
  #second = 0;

  constructor(view: DataView, isLittle: boolean) {
    this.#view = view;
    this.#isLittle = isLittle;
  }

  add(at: number, length: number): void {
    for (let offset = at; offset < at + length; offset += 8) {
      this.#first = (this.#first + this.#view.getUint32(offset, this.#isLittle) + this.#second) >>> 0;
      this.#second = (this.#second + this.#view.getUint32(offset + 4, this.#isLittle) + this.#first) >>> 0;
    }
  }

  equals(at: number): boolean {
    return this.#view.getUint32(at) === this.#first && this.#view.getUint32(at + 4) === this.#second;
  }
}

function readOrNothing(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
