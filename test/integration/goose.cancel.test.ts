/** After a cancel or a limit nothing of a run is alive, whatever Goose and its commands were doing. */
import { chmodSync, existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { byPrompt, type ModelScript, type ScriptedCall } from "../helpers/modelServer.ts";
import { goosePlace, rejection, TestContext } from "../unit/worker/gooseFixture.ts";

const limits = { maxTurns: 20, wallClockMs: 60_000, startupMs: 20_000, idleMs: 30_000 };
const shell = (command: string): ScriptedCall => ({ name: "shell", arguments: { command } });
const oneCall = (command: string): ModelScript =>
  byPrompt([
    [
      "Do the task",
      [
        { kind: "tools", calls: [shell(command)] },
        { kind: "text", text: "Done." },
      ],
    ],
  ]);

test("cancel while a command runs that has children and one that left its group", async () => {
  const place = await goosePlace(oneCall("sleep 600 & (nohup sleep 601 >/dev/null 2>&1 &) ; setsid sleep 602 & echo ready; wait"));
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => context.calls()[0]?.outputDelta?.includes("ready"), { what: "the command" });
  await waitFor(async () => (await processesWithMarker(place.marker)).filter(({ args }) => args.startsWith("sleep 60")).length === 3, { what: "its children" });
  const start = performance.now();
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED", message: "The test cancels." });
  expect(performance.now() - start).toBeLessThan(2_900);
  expect(await processesWithMarker(place.marker)).toEqual([]);
  expect(context.calls()[0]?.status).toBe("cancelled");
  expect(existsSync(path.join(place.home.dir, "tmp"))).toBe(false);
});

test("cancel while the provider hangs: force after the grace", async () => {
  const place = await goosePlace(() => ({ kind: "hang" }));
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => place.server.requests.length === 1, { what: "the request" });
  const start = performance.now();
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
  expect(performance.now() - start).toBeGreaterThan(2_900);
  expect(performance.now() - start).toBeLessThan(5_000);
  expect(await processesWithMarker(place.marker)).toEqual([]);
});

test("cancel while the task is paused at a tool call", async () => {
  const place = await goosePlace(oneCall("echo never"));
  const context = new TestContext();
  context.pause();
  const running = place.run(context);
  await waitFor(() => context.calls()[0]?.status === "pending", { what: "the tool call" });
  const start = performance.now();
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
  expect(performance.now() - start).toBeLessThan(2_900);
  expect(context.calls()).toMatchObject([{ status: "cancelled", outputDelta: "" }]);
});

test("cancel while text streams", async () => {
  const place = await goosePlace(() => ({ kind: "text", text: "word ".repeat(2_000), chunkDelayMs: 5 }));
  const context = new TestContext();
  const running = place.run(context);
  await waitFor(() => context.text("agent").length > 20, { what: "some text" });
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
  const told = context.events.length;
  await waitFor(async () => (await processesWithMarker(place.marker)).length === 0, { what: "silence" });
  expect(context.events.length).toBe(told);
});

test("cancel before the start and during it", async () => {
  const place = await goosePlace();
  const early = new TestContext();
  early.cancel();
  expect(await rejection(place.run(early))).toMatchObject({ code: "CANCELLED" });
  const during = new TestContext();
  const running = place.run(during);
  await waitFor(async () => (await processesWithMarker(place.marker)).length > 0, { what: "Goose" });
  during.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
  expect(place.server.requests).toHaveLength(0);
});

test("cancel after the work, while the finish is paused", async () => {
  const place = await goosePlace();
  const context = new TestContext();
  context.pause();
  const running = place.run(context);
  await waitFor(() => context.text("agent") === "Done.", { what: "the answer" });
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
});

test("cancel of a Goose that does not read any more", async () => {
  const place = await goosePlace();
  const answer = (result: string): string =>
    `read line; id=\${line#*\\"id\\":}; echo "{\\"jsonrpc\\":\\"2.0\\",\\"id\\":\${id%%,*},\\"result\\":${result.replaceAll('"', '\\"')}}"`;
  const handshake = answer('{"protocolVersion":1,"agentInfo":{"name":"goose","version":"1.52.0"}}');
  const file = place.home.write("bin/goose", `#!/bin/bash\n${handshake}\n${answer('{"sessionId":"s1"}')}\nexec sleep 600\n`);
  chmodSync(file, 0o755);
  const context = new TestContext();
  const running = place.run(context, { goose: { path: file }, prompt: "x".repeat(4_000_000) });
  await waitFor(() => context.of("checkpoint").length === 1, { what: "the session" });
  context.cancel();
  expect(await rejection(running)).toMatchObject({ code: "CANCELLED" });
  expect(await processesWithMarker(place.marker)).toEqual([]);
});

test("the limit on time", async () => {
  const place = await goosePlace(oneCall("sleep 600"));
  const context = new TestContext();
  expect(await rejection(place.run(context, { limits: { ...limits, wallClockMs: 4_000 } }))).toMatchObject({ code: "TIMEOUT", retryable: false });
  expect(context.calls()[0]?.status).toBe("failed");
});

test("the limit on silence does not count while a tool runs, and ends a hanging provider", async () => {
  const place = await goosePlace(({ index }) => (index === 0 ? { kind: "tools", calls: [shell("sleep 3; echo slept")] } : { kind: "hang" }));
  const context = new TestContext();
  expect(await rejection(place.run(context, { limits: { ...limits, idleMs: 2_000 } }))).toMatchObject({ code: "TIMEOUT", retryable: true });
  expect(context.calls()[0]).toMatchObject({ outputDelta: "slept\n", status: "completed" });
});

test("a background server that a command leaves is dead before the run ends", async () => {
  const place = await goosePlace(
    byPrompt([
      [
        "Do the task",
        [
          { kind: "tools", calls: [shell("sleep 600 & echo started")] },
          {
            kind: "tools",
            calls: [
              shell(
                'pgrep -f "^sleep 600$" | while read p; do tr "\\0" "\\n" < /proc/$p/environ | grep -q "^TASK_MASTER_TEST=$TASK_MASTER_TEST$" && echo alive; done; echo looked',
              ),
            ],
          },
          { kind: "text", text: "Done." },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  await place.run(context);
  expect(context.calls().map(({ outputDelta }) => outputDelta)).toEqual(["started\n", "looked\n"]);
});
