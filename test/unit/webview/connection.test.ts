import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Connection, patienceMs, pingMs } from "../../../src/webview/app/connection.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function makeConnection(answers: () => boolean, isVisible = (): boolean => true) {
  const states: boolean[] = [];
  let pings = 0;
  const connection: Connection = new Connection({
    ping: () => {
      pings++;
      if (answers()) queueMicrotask(() => connection.heard());
    },
    isVisible,
    onChange: (isConnected) => states.push(isConnected),
  });
  return { connection, states, pings: () => pings };
}

test("a page whose pings are answered stays as it is", async () => {
  const { connection, states, pings } = makeConnection(() => true);
  await vi.advanceTimersByTimeAsync(10 * pingMs);
  expect([pings(), states]).toEqual([10, []]);
  connection.dispose();
});

test("silence after a ping is noticed within the patience, and any message brings the page back", async () => {
  let isAlive = false;
  const { connection, states } = makeConnection(() => isAlive);
  await vi.advanceTimersByTimeAsync(pingMs + patienceMs);
  expect(states).toEqual([false]);
  isAlive = true;
  await vi.advanceTimersByTimeAsync(pingMs);
  expect(states).toEqual([false, true]);
  connection.dispose();
});

test("a page that nobody is behind says so within five seconds of the last word", async () => {
  const { connection, states } = makeConnection(() => false);
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  connection.heard();
  states.length = 0;
  await vi.advanceTimersByTimeAsync(5_000);
  expect(states).toEqual([false]);
  connection.dispose();
});

test("a page that hears something all the time asks nothing, and asks as soon as that ends", async () => {
  const { connection, states, pings } = makeConnection(() => false);
  for (let piece = 0; piece < 50; piece++) {
    await vi.advanceTimersByTimeAsync(pingMs / 3);
    connection.heard();
  }
  expect([pings(), states]).toEqual([0, []]);
  await vi.advanceTimersByTimeAsync(pingMs);
  expect(pings()).toBe(1);
  connection.dispose();
});

test("a page that is shown again asks at once", async () => {
  let isVisible = false;
  const { connection, states, pings } = makeConnection(
    () => false,
    () => isVisible,
  );
  await vi.advanceTimersByTimeAsync(pingMs);
  isVisible = true;
  connection.ask();
  expect(pings()).toBe(1);
  await vi.advanceTimersByTimeAsync(patienceMs);
  expect(states).toEqual([false]);
  connection.dispose();
});

test("an action that nobody answers is noticed without waiting for a ping", async () => {
  const { connection, states } = makeConnection(() => false);
  connection.expect();
  await vi.advanceTimersByTimeAsync(patienceMs);
  expect(states).toEqual([false]);
  connection.dispose();
});

test("a hidden page asks nothing", async () => {
  const { connection, states, pings } = makeConnection(
    () => false,
    () => false,
  );
  await vi.advanceTimersByTimeAsync(5 * pingMs);
  expect([pings(), states]).toEqual([0, []]);
  connection.dispose();
});
