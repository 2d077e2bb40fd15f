import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs a script of this folder in a process of its own and gives the JSON that it printed. */
export async function runScript<T>(script: string, args: readonly (string | number)[]): Promise<T> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  // A large young generation would look like a leak to whoever measures memory.
  const { stdout } = await run(process.execPath, ["--max-semi-space-size=4", file, ...args.map(String)], { maxBuffer: 64 * 1_048_576 });
  return JSON.parse(stdout) as T;
}
