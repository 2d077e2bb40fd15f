import { TaskMasterError } from "../model/errors.ts";

/** Most bytes that are read from standard input. */
export const largestInput = 1024 * 1024;

/** Reads standard input to its end as UTF-8 (INVALID_INPUT when it is longer than 1 MB, is empty or is no UTF-8). */
export async function readInput(stdin: AsyncIterable<Uint8Array | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > largestInput) throw new TaskMasterError("INVALID_INPUT", "The text on standard input is longer than 1 MB.");
    chunks.push(bytes);
  }
  const text = decode(Buffer.concat(chunks)).trimEnd();
  if (text === "") throw new TaskMasterError("INVALID_INPUT", "The text on standard input is empty.");
  return text;
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new TaskMasterError("INVALID_INPUT", "The text on standard input is not UTF-8 text.", { cause });
  }
}
