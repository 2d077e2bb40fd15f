import type { TaskId } from "../model/ids.ts";
import { maxHits, type HostToView } from "../protocol/hostWebview.ts";
import { RunMatcher } from "./runMatcher.ts";
import type { RunSource } from "./runStream.ts";

/** Entries that are read at once; between two pages others get their turn. */
const searchPage = 1_000;

/** Where a search reads and where its answers go. */
export interface RunSearchPorts {
  readonly taskId: TaskId;
  readonly source: () => Promise<RunSource>;
  readonly post: (message: HostToView) => void;
  /** Lets other work of the host go first. */
  readonly rest: () => Promise<void>;
}

/** Searches the journal of a task for the view, one search at a time. */
export class RunSearch {
  readonly #ports: RunSearchPorts;
  #generation = 0;

  constructor(ports: RunSearchPorts) {
    this.#ports = ports;
  }

  /** Begins a search and ends the one before. Never rejects: what cannot be read holds nothing. */
  async find(id: number, text: string): Promise<void> {
    const generation = ++this.#generation;
    let isCut = false;
    try {
      isCut = await this.#search(id, text, () => generation === this.#generation);
    } finally {
      if (generation === this.#generation) this.#ports.post({ type: "found", id, hits: [], isDone: true, isCut });
    }
  }

  /** Ends the search; nothing more is answered. */
  end(): void {
    this.#generation++;
  }

  /** Resolves with whether there were more hits than are told. */
  async #search(id: number, text: string, isWanted: () => boolean): Promise<boolean> {
    const { taskId, post, rest } = this.#ports;
    const source = await this.#ports.source();
    const matcher = new RunMatcher(text);
    const known = new Set<number>();
    for (let afterSeq = 0; isWanted();) {
      const events = await source.events(taskId, { afterSeq, limit: searchPage });
      const hits = [...new Set(matcher.take(events))].filter((seq) => !known.has(seq));
      const told = hits.slice(0, maxHits - known.size);
      for (const seq of told) known.add(seq);
      if (told.length > 0 && isWanted()) post({ type: "found", id, hits: told, isDone: false, isCut: false });
      if (told.length < hits.length) return true;
      if (events.length < searchPage) return false;
      afterSeq = events.at(-1)?.seq ?? afterSeq;
      await rest();
    }
    return false;
  }
}
