import { expect, test } from "vitest";
import { abortable } from "../../../src/base/abort.ts";
import { Gate } from "../../../src/base/gate.ts";

test("settles like the promise while the signal is quiet", async () => {
  const { signal } = new AbortController();
  await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1);
  await expect(abortable(Promise.reject(new Error("own")), signal)).rejects.toThrow("own");
});

test("rejects with the signal's reason when it aborts first", async () => {
  const controller = new AbortController();
  const waiting = abortable(new Promise(() => undefined), controller.signal);
  controller.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
});

test("a promise that fails after the abort is no unhandled rejection", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): unknown => unhandled.push(reason);
  process.on("unhandledRejection", note);
  await expect(abortable(Promise.reject(new Error("late")), AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("a gate lets through, holds, and is left by an abort", async () => {
  const gate = new Gate();
  const controller = new AbortController();
  await gate.passed(controller.signal);
  gate.close();
  let isThrough = false;
  const passing = gate.passed(controller.signal).then(() => (isThrough = true));
  expect(isThrough).toBe(false);
  gate.open();
  await passing;
  gate.close();
  const held = gate.passed(controller.signal);
  controller.abort(new Error("enough"));
  await expect(held).rejects.toThrow("enough");
});
