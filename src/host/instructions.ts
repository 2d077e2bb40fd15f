import { open } from "node:fs/promises";
import path from "node:path";
import { TaskMasterError } from "../model/errors.ts";

const maxBytes = 64 * 1024;

/** What a file (in the repository, or by its absolute path) tells every Goose session before its task. @throws INVALID_INPUT */
export async function readInstructions(file: string, repository: string): Promise<string> {
  const full = path.resolve(repository, file);
  try {
    await using handle = await open(full, "r");
    const found = await handle.stat();
    if (!found.isFile()) throw new Error("it is no file");
    if (found.size > maxBytes) throw new Error(`it has ${found.size} bytes; at most ${maxBytes} are possible`);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(await handle.readFile()).trim();
    return `## Instructions for every task here\n${text}`;
  } catch (error) {
    throw new TaskMasterError("INVALID_INPUT", `The file of instructions ${full} cannot be used: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
