/** verify.run: acceptance commands in the shell that Goose's commands use. */
import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import type { HandlerOutput } from "../../src/protocol/handlers.ts";
import { verifyRun } from "../../src/worker/handlers/verifyRun.ts";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { goosePlace, rejection, stubEnvironment, TestContext, type GoosePlace } from "../unit/worker/gooseFixture.ts";

async function verify(
  place: GoosePlace,
  commands: string[],
  { context = new TestContext(), timeoutMs = 20_000 } = {},
): Promise<HandlerOutput<"verify.run">["results"]> {
  const input: JsonObject = { run: "task0001-1", worktree: place.repo.dir, tmpDir: path.join(place.home.dir, "tmp"), commands, timeoutMs };
  return ((await verifyRun(input, context)) as unknown as HandlerOutput<"verify.run">).results;
}

test("runs every command in the worktree, in order, and tells how each ended", async () => {
  const place = await goosePlace();
  stubEnvironment({ MY_API_KEY: "canary", NODE_OPTIONS: "--no-warnings" });
  const context = new TestContext();
  const results = await verify(
    place,
    ["pwd; echo oops >&2; exit 2", 'echo "$MY_API_KEY$NODE_OPTIONS" | tee seen.txt', "cat seen.txt; kill -9 $$", "no-such-program"],
    { context },
  );
  expect(results).toEqual([
    { command: "pwd; echo oops >&2; exit 2", exitCode: 2, outputTail: `${place.repo.dir}\noops\n`, timedOut: false },
    { command: 'echo "$MY_API_KEY$NODE_OPTIONS" | tee seen.txt', exitCode: 0, outputTail: "\n", timedOut: false },
    { command: "cat seen.txt; kill -9 $$", exitCode: 137, outputTail: "\n", timedOut: false },
    { command: "no-such-program", exitCode: 127, outputTail: expect.stringContaining("not found"), timedOut: false },
  ]);
  expect(context.calls()).toMatchObject([
    { toolName: "verify", status: "failed", exitCode: 2 },
    { status: "completed", exitCode: 0 },
    { status: "failed", exitCode: 137 },
    { status: "failed", exitCode: 127 },
  ]);
  expect(existsSync(path.join(place.home.dir, "tmp"))).toBe(false);
});

test("keeps the end of a large output", async () => {
  const place = await goosePlace();
  const [result] = await verify(place, ["seq 1 200000"]);
  expect(result?.outputTail.endsWith("199999\n200000\n")).toBe(true);
  expect(Buffer.byteLength(result?.outputTail ?? "")).toBeLessThanOrEqual(16 * 1024);
});

test("a command beyond its time is killed with its children; the next one runs", async () => {
  const place = await goosePlace();
  const results = await verify(place, ["(setsid sleep 600 &) ; sleep 601 & echo begun; wait", "true"], { timeoutMs: 500 });
  expect(results).toMatchObject([
    { timedOut: true, exitCode: 137, outputTail: "begun\n" },
    { timedOut: false, exitCode: 0 },
  ]);
  expect(await processesWithMarker(place.marker)).toEqual([]);
});

test("a server left behind neither holds the run up nor survives it", async () => {
  const place = await goosePlace();
  const start = performance.now();
  expect(await verify(place, ["sleep 600 & echo started"])).toMatchObject([{ exitCode: 0, outputTail: "started\n" }]);
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(await processesWithMarker(place.marker)).toEqual([]);
});

test("a cancel kills; a pause holds before the next command", async () => {
  const place = await goosePlace();
  const context = new TestContext();
  const running = verify(place, ["until [ -e go ]; do sleep 0.02; done", "touch second; sleep 600"], { context });
  await waitFor(() => context.calls()[0]?.status === "in_progress", { what: "the first command" });
  context.pause();
  place.repo.write("go", "");
  await waitFor(() => context.calls()[0]?.status === "completed", { what: "its end" });
  expect(existsSync(path.join(place.repo.dir, "second"))).toBe(false);
  context.resume();
  await waitFor(() => existsSync(path.join(place.repo.dir, "second")), { what: "the second command" });
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
  expect(context.calls()[1]?.status).toBe("cancelled");
  expect(await processesWithMarker(place.marker)).toEqual([]);
});

test("bad input", async () => {
  expect(await rejection(verifyRun({ worktree: "/", commands: ["true"] }, new TestContext()))).toMatchObject({ code: "INVALID_INPUT" });
  const place = await goosePlace();
  expect(
    await rejection(
      verifyRun(
        { run: "task0001-1", worktree: path.join(place.repo.dir, "none"), tmpDir: path.join(place.home.dir, "tmp"), commands: [], timeoutMs: 0 },
        new TestContext(),
      ),
    ),
  ).toMatchObject({ code: "NO_FOLDER" });
});
