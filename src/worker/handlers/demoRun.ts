import { demoRunInput } from "../../protocol/handlers.ts";
import { runDemo } from "../demo/runDemo.ts";
import type { TaskHandler } from "../handlerRegistry.ts";
import { parseInput } from "../process/parseInput.ts";

/** `demo.run`: a run without a model. */
export const demoRun: TaskHandler = async (input, context) => runDemo(parseInput("demo.run", demoRunInput, input), context);
