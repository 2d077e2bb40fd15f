import type { LogOutputChannel } from "vscode";
import type { JsonObject } from "../base/json.ts";
import type { Logger } from "../engine/ports.ts";

/** The program's log, as commands and views may know it. */
export type Log = Logger;

/** The engine's Logger on VS Code's log channel; the level is chosen by "Developer: Set Log Level". */
export function channelLogger(channel: LogOutputChannel): Logger {
  const line = (message: string, data?: JsonObject): string => (data === undefined ? message : `${message} ${JSON.stringify(data)}`);
  return {
    debug: (message, data) => channel.debug(line(message, data)),
    info: (message, data) => channel.info(line(message, data)),
    warn: (message, data) => channel.warn(line(message, data)),
    error: (message, data) => channel.error(line(message, data)),
  };
}
