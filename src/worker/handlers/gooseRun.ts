import { gooseRunInput } from "../../protocol/handlers.ts";
import type { TaskHandler } from "../handlerRegistry.ts";
import { runGoose } from "../goose/runGoose.ts";
import { parseInput } from "../process/parseInput.ts";

/** `goose.run`: one prompt turn of one Goose session in a worktree. */
export const gooseRun: TaskHandler = async (input, context) => ({ ...(await runGoose(parseInput("goose.run", gooseRunInput, input), context)) });
