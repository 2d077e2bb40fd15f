import { gooseCheckInput } from "../../protocol/handlers.ts";
import type { TaskHandler } from "../handlerRegistry.ts";
import { checkGoose } from "../goose/runGoose.ts";
import { parseInput } from "../process/parseInput.ts";

/** `goose.check`: is there a Goose that we can talk to, and does it know a provider? */
export const gooseCheck: TaskHandler = async (input, context) => checkGoose(parseInput("goose.check", gooseCheckInput, input), context);
