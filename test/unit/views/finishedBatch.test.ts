import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FinishedBatch } from "../../../src/views/finishedBatch.ts";
import type { Notice } from "../../../src/views/notices.ts";
import { taskWith } from "./taskFixture.ts";

let isWorking = false;
let told: (readonly string[])[] = [];
let batch: FinishedBatch;
const notice = (title: string): Notice => ({ kind: "finished", taskId: taskWith(title).id, title, message: "" });
const finish = (title: string): void => {
  batch.add(notice(title));
  batch.runEnded();
};

beforeEach(() => {
  vi.useFakeTimers();
  isWorking = false;
  told = [];
  batch = new FinishedBatch(
    () => isWorking,
    (notices) => void told.push(notices.map(({ title }) => title)),
  );
});
afterEach(() => {
  batch.dispose();
  vi.useRealTimers();
});

it("tells once, when the last task has ended, also when that one failed", () => {
  isWorking = true;
  finish("a");
  vi.advanceTimersByTime(5_000);
  finish("b");
  vi.advanceTimersByTime(5_000);
  expect(told).toEqual([]);
  isWorking = false;
  batch.runEnded();
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([["a", "b"]]);
  batch.runEnded();
  vi.advanceTimersByTime(5_000);
  expect(told).toHaveLength(1);
});

it("waits a moment for the next task to start", () => {
  finish("a");
  vi.advanceTimersByTime(900);
  finish("b");
  vi.advanceTimersByTime(900);
  expect(told).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(told).toEqual([["a", "b"]]);
});

it("says nothing of what somebody else tells", () => {
  const muted = [batch.mute(), batch.mute()];
  finish("a");
  muted[0]?.dispose();
  muted[0]?.dispose();
  finish("b");
  muted[1]?.dispose();
  vi.advanceTimersByTime(5_000);
  expect(told).toEqual([]);
  finish("c");
  vi.advanceTimersByTime(1_000);
  expect(told).toEqual([["c"]]);
});
