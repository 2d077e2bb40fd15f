import { openQueue, type OpenedQueue } from "../../src/store/openQueue.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "./tempRepo.ts";

/** A repository with a queue in a data folder of its own, opened as often as a test likes. */
export class ScratchQueue implements AsyncDisposable {
  readonly temporary: TempDir = createTempDir("task-master-faults-");
  readonly repo: TempRepo = createTempRepo();
  readonly #opened: OpenedQueue[] = [];

  async open(): Promise<OpenedQueue> {
    const queue = await openQueue({ folder: this.repo.dir, dataDirectory: this.temporary.dir });
    this.#opened.push(queue);
    return queue;
  }

  async closeAll(): Promise<void> {
    for (const queue of this.#opened.splice(0)) await queue.store.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeAll();
    this.repo.dispose();
    this.temporary.dispose();
  }
}
