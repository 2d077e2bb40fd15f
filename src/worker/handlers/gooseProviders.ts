import type { JsonValue } from "../../base/json.ts";
import { gooseProvidersInput } from "../../protocol/handlers.ts";
import type { TaskHandler } from "../handlerRegistry.ts";
import { listProviders } from "../goose/runGoose.ts";
import { parseInput } from "../process/parseInput.ts";

/** `goose.providers`: which providers can Goose be set up with? */
export const gooseProviders: TaskHandler = async (input, context) =>
  (await listProviders(parseInput("goose.providers", gooseProvidersInput, input), context)) as unknown as JsonValue;
