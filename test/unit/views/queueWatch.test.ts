// What stands above the tree, with VS Code's commands left out.
import { beforeEach, expect, it, vi } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { QueueStatus } from "../../../src/model/queueStatus.ts";
import { TroubleSource } from "../../../src/store/trouble.ts";
import { QueueWatch } from "../../../src/views/queueWatch.ts";

vi.mock("vscode", () => ({ commands: { executeCommand: () => Promise.resolve() } }));

const quiet = (): void => undefined;
const free: QueueStatus = { limits: [] };
let said: string;
let changes: Emitter<QueueStatus>;
let trouble: TroubleSource;
let watch: QueueWatch;

beforeEach(async () => {
  changes = new Emitter(quiet);
  trouble = new TroubleSource(quiet);
  watch = new QueueWatch({ say: (message) => void (said = message), hear: quiet });
  await watch.follow({ queueStatus: () => Promise.resolve(free), onDidChangeQueue: changes.event }, trouble.event);
});

it("says why the queue starts nothing, until that is over", () => {
  changes.fire({ stop: { at: 1, failures: [], isCertain: false }, limits: [] });
  expect(said).toBe("The queue has stopped.");
  changes.fire(free);
  expect(said).toBe("");
});

it("says that the queue was lost until another is open: the rows below are no longer true", async () => {
  trouble.tell(new TaskMasterError("STORE_FAILED", "The queue was removed while it was open."));
  expect(said).toBe("The queue was removed while it was open.");
  changes.fire(free);
  expect(said).toBe("The queue was removed while it was open.");
  await watch.follow(undefined);
  expect(said).toBe("");
});
