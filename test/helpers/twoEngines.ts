import type { Task } from "../../src/model/task.ts";
import { createTempDir } from "./tempRepo.ts";
import { TestEngine } from "./testEngine.ts";

/** Two processes on one queue, and one clock. */
export class TwoEngines {
  readonly database: string;
  readonly here: TestEngine;
  readonly there: TestEngine;
  readonly #folder = createTempDir("two-engines-");

  private constructor() {
    this.database = `${this.#folder.dir}/queue.db`;
    this.here = new TestEngine({ database: this.database, owner: "here" });
    this.there = new TestEngine({ database: this.database, owner: "there", clock: this.here.clock });
  }

  static async open(): Promise<TwoEngines> {
    const two = new TwoEngines();
    await two.here.engine.start();
    await two.there.engine.start();
    return two;
  }

  /** A task that runs here until its turn is ended. */
  async running(title = "write"): Promise<Task> {
    const { here } = this;
    here.world.onTurn = () => undefined;
    const task = await here.add(title);
    await here.engine.run(task.id);
    await here.turn(here.world.turns.length);
    return task;
  }

  async close(): Promise<void> {
    await this.there.close();
    await this.here.close();
    this.#folder.dispose();
  }
}
