/** A journal that does not keep up holds the program that talks, through thread and pipe, instead of filling the memory. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TaskWorkerHost } from "../../src/host/taskWorkerHost.ts";
import type { TaskId } from "../../src/model/ids.ts";
import type { WorkerEventBody } from "../../src/model/taskEvent.ts";
import { maxUnacknowledged } from "../../src/protocol/hostWorker.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { realTimers } from "../helpers/realTimers.ts";
import { createTempDir, type TempDir } from "../helpers/tempRepo.ts";

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const messages = 20_000;
const log = (): void => undefined;

let folder: TempDir;
let host: TaskWorkerHost;
beforeEach(() => {
  folder = createTempDir("held-back-");
  mkdirSync(join(folder.dir, "worktree"));
  host = new TaskWorkerHost({
    script: file("../../src/worker/harness.ts"),
    settings: () => ({ poolSize: 1, poolMode: "thread", poolModules: [] }),
    timers: realTimers,
    log: { debug: log, info: log, warn: log, error: log },
  });
});
afterEach(async () => {
  await host.stop(2_000);
  folder.dispose();
});

/** A program that stands in for Goose and says 20 MB in one turn. */
function talker(): string {
  const program = join(folder.dir, "goose");
  writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${file("../hostile/fakeGoose.ts")}" numbered ${messages}\n`);
  chmodSync(program, 0o755);
  return program;
}

/** How many messages the program could write, as soon as that stays the same for a while. */
async function writtenWhenSteady(): Promise<number> {
  let [last, looks] = ["", 0];
  await waitFor(
    () => {
      const now = readFileSync(join(folder.dir, "worktree", "written"), "utf8");
      looks = now === last ? looks + 1 : 0;
      last = now;
      return looks >= 50;
    },
    { what: "the program to write no more", timeoutMs: 30_000 },
  );
  return Number(last);
}

test("while the journal takes nothing the program cannot go on; afterwards every word arrives, in order", async () => {
  const journal = Promise.withResolvers<void>();
  const numbers: number[] = [];
  let waiting = 0;
  const onEvents = (events: readonly WorkerEventBody[]): Promise<void> => {
    for (const event of events) {
      const number = event.type === "message" ? /^(\d+) /.exec(event.text)?.[1] : undefined;
      if (number !== undefined) numbers.push(Number(number));
    }
    waiting += events.length;
    return journal.promise;
  };
  const invocation = host.run(
    {
      taskId: "00000001" as TaskId,
      attempt: 1,
      handler: "goose.run",
      input: {
        run: "00000001-1",
        goose: { path: talker() },
        worktree: join(folder.dir, "worktree"),
        tmpDir: join(folder.dir, "tmp"),
        prompt: "Talk.",
        limits: { maxTurns: 1, wallClockMs: 300_000, startupMs: 30_000, idleMs: 60_000 },
      },
    },
    { onEvents },
  );
  await waitFor(() => numbers.length > 0, { what: "the first words", timeoutMs: 30_000 });
  const written = await writtenWhenSteady();
  expect(written).toBeLessThan(messages / 10);
  expect(waiting).toBeLessThanOrEqual(maxUnacknowledged);
  journal.resolve();
  await expect(invocation.result).resolves.toMatchObject({ sessionId: "s" });
  expect(numbers).toEqual(Array.from({ length: messages }, (_, index) => index));
});
