import { isSaidMessageId } from "../../model/userMessage.ts";
import type { Row } from "./rows.ts";

/** Which rows are open: as the user left each of them, else as the user last wanted all of them, else by what they are. */
export class Expansion {
  readonly #own = new Map<string, boolean>();
  #all: boolean | undefined;

  isOpen(row: Row): boolean {
    return this.#own.get(row.key) ?? this.#all ?? isOpenByItself(row);
  }

  /** The user has opened or closed a row. */
  set(key: string, isOpen: boolean): void {
    this.#own.set(key, isOpen);
  }

  /** The user wants all rows open or closed, also those to come. */
  setAll(isOpen: boolean): void {
    this.#own.clear();
    this.#all = isOpen;
  }

  /** Forgets the rows that are not there any more. */
  keep(keys: ReadonlySet<string>): void {
    for (const key of this.#own.keys()) if (!keys.has(key)) this.#own.delete(key);
  }
}

/** There is something to watch, it went wrong, or the user said it while Goose worked. */
function isOpenByItself(row: Row): boolean {
  if (row.kind === "message") return row.role === "user" && isSaidMessageId(row.messageId);
  return row.kind === "tool" && (row.status === "in_progress" || row.status === "failed");
}
