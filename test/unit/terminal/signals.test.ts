import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { sameSignalMs, watchSignals } from "../../../src/terminal/signals.ts";

function watch() {
  const source = new EventEmitter();
  const seen: string[] = [];
  let now = 0;
  const watched = watchSignals(source, {
    now: () => now,
    onFirst: (signal) => seen.push(`first ${signal}`),
    atOnce: (signal) => seen.push(`at once ${signal}`),
  });
  return { source, seen, watched, wait: (ms: number) => (now += ms) };
}

test("the first signal aborts, a second one later ends at once", () => {
  const { source, seen, watched, wait } = watch();
  source.emit("SIGTERM", "SIGTERM");
  expect(watched.aborted.aborted).toBe(true);
  wait(sameSignalMs);
  source.emit("SIGINT", "SIGINT");
  expect(seen).toEqual(["first SIGTERM", "at once SIGINT"]);
  expect(watched.received).toBe("SIGTERM");
});

test("the same Ctrl-C passed on by a parent counts once", () => {
  const { source, seen, wait } = watch();
  source.emit("SIGINT", "SIGINT");
  wait(sameSignalMs - 1);
  source.emit("SIGINT", "SIGINT");
  expect(seen).toEqual(["first SIGINT"]);
});

test("nothing is left behind", () => {
  const { source, watched } = watch();
  watched.dispose();
  expect(source.eventNames()).toEqual([]);
});
