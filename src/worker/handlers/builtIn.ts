import type { BuiltInHandler } from "../../protocol/handlers.ts";
import type { TaskHandler, TaskHandlerRegistry } from "../handlerRegistry.ts";
import { demoRun } from "./demoRun.ts";
import { gitHandlers } from "./git.ts";
import { gooseCheck } from "./gooseCheck.ts";
import { gooseProviders } from "./gooseProviders.ts";
import { gooseRun } from "./gooseRun.ts";
import { runReap } from "./runReap.ts";
import { queueHandlers } from "./queue.ts";
import { verifyRun } from "./verifyRun.ts";

/** Registers every handler that ships with the product. */
export function registerBuiltInHandlers(registry: TaskHandlerRegistry): void {
  const handlers: Record<BuiltInHandler, TaskHandler> = {
    ...gitHandlers,
    "demo.run": demoRun,
    "goose.check": gooseCheck,
    "goose.providers": gooseProviders,
    "goose.run": gooseRun,
    "run.reap": runReap,
    ...queueHandlers,
    "verify.run": verifyRun,
  };
  for (const [name, handler] of Object.entries(handlers)) registry.register(name, handler);
}
