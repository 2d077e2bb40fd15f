import { realpath } from "node:fs/promises";
import { runReapInput } from "../../protocol/handlers.ts";
import type { TaskHandler } from "../handlerRegistry.ts";
import { killRun } from "../process/marker.ts";
import { parseInput } from "../process/parseInput.ts";

/** `run.reap`: ends what is left of a run whose process is gone. */
export const runReap: TaskHandler = async (raw) => {
  const { run, since, folders } = parseInput("run.reap", runReapInput, raw);
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => undefined)));
  return { ended: await killRun(run, { since, folders: real.filter((folder) => folder !== undefined) }) };
};
