import type { Command } from "./commandDeps.ts";

/** Opens the extension's log channel. */
export const showLog: Command = (deps) => Promise.resolve(deps.showLog());
