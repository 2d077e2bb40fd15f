/** Programs that are not the Goose that is needed, and what goose.check says. Executables are small scripts of the test. */
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import { gooseCheck } from "../../src/worker/handlers/gooseCheck.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { goosePlace, rejection, stubEnvironment, TestContext, type GoosePlace } from "../unit/worker/gooseFixture.ts";

const limits = { maxTurns: 20, wallClockMs: 60_000, startupMs: 1_000, idleMs: 30_000 };

function program(place: GoosePlace, body: string, name = "goose"): string {
  const file = place.home.write(path.join("bin", name), `#!/bin/bash\n${body}\n`);
  chmodSync(file, 0o755);
  return file;
}

const answer = (agentInfo: string): string =>
  `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentCapabilities":{},"agentInfo":${agentInfo}}}'; cat >/dev/null`;

test.each([
  ["ends at once", "exit 3", "GOOSE_WRONG_PROGRAM", false],
  ["ends at once and is content", "exit 0", "GOOSE_WRONG_PROGRAM", false],
  ["talks about something else and ends", `echo '{"jsonrpc":"2.0","method":"hello"}'; exit 0`, "GOOSE_WRONG_PROGRAM", false],
  ["echoes what it reads", "exec cat", "GOOSE_WRONG_PROGRAM", false],
  ["crashes at once", "kill -SEGV $$", "GOOSE_EXITED", true],
  ["ends at once with words", 'echo "usage: goose [up|down]"; exit 1', "GOOSE_WRONG_PROGRAM", false],
  ["prints garbage and stays", 'while true; do echo "goose: migrating"; sleep 0.05; done', "GOOSE_WRONG_PROGRAM", false],
  ["says nothing", "exec sleep 600", "TIMEOUT", true],
  ["closes its output", "exec >&-; exec sleep 600", "GOOSE_WRONG_PROGRAM", false],
  ["has another name", answer('{"name":"gander","version":"9.0.0"}'), "GOOSE_WRONG_PROGRAM", false],
  ["has no name", answer("null"), "GOOSE_WRONG_PROGRAM", false],
  ["is too old", answer('{"name":"goose","version":"1.46.2"}'), "GOOSE_TOO_OLD", false],
  [
    "refuses the handshake",
    `read line; echo '{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no such method"}}'; cat >/dev/null`,
    "GOOSE_WRONG_PROGRAM",
    false,
  ],
  [
    "ends after the handshake",
    `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentInfo":{"name":"goose","version":"1.52.0"}}}'; exit 1`,
    "GOOSE_EXITED",
    true,
  ],
  [
    "dies after the handshake",
    `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentInfo":{"name":"goose","version":"1.52.0"}}}'; kill -SEGV $$`,
    "GOOSE_EXITED",
    true,
  ],
  [
    "opens a session without a name",
    `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentInfo":{"name":"goose","version":"1.52.0"}}}'; read line; echo '{"jsonrpc":"2.0","id":1,"result":{}}'; cat >/dev/null`,
    "GOOSE_PROTOCOL",
    true,
  ],
  [
    "ends a turn without saying how",
    `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentInfo":{"name":"goose","version":"1.52.0"}}}'; read line; echo '{"jsonrpc":"2.0","id":1,"result":{"sessionId":"s"}}'; read line; echo '{"jsonrpc":"2.0","id":2,"result":[]}'; cat >/dev/null`,
    "GOOSE_PROTOCOL",
    true,
  ],
  ["breaks the form of its answers", `read line; echo '{"jsonrpc":"2.0","id":0,"result":"yes"}'; cat >/dev/null`, "GOOSE_WRONG_PROGRAM", false],
])("a program that %s", async (_name, body, code, retryable) => {
  const place = await goosePlace();
  const run = place.run(new TestContext(), { goose: { path: program(place, `echo "some words" >&2; ${body}`) }, limits });
  expect(await rejection(run)).toMatchObject({ code, retryable });
  expect(await processesWithMarker(place.marker)).toEqual([]);
});

test.each([
  ["needs an interpreter that cannot be executed", "#!/etc/passwd\n", "GOOSE_NOT_EXECUTABLE"],
  ["needs an interpreter that is not there", "#!/no/such/interpreter\n", "GOOSE_NOT_FOUND"],
])("a file that %s", async (_name, content, code) => {
  const place = await goosePlace();
  const file = place.home.write("bin/goose", content);
  chmodSync(file, 0o755);
  expect(await rejection(place.run(new TestContext(), { goose: { path: file }, limits }))).toMatchObject({ code, message: expect.stringContaining(file) });
});

test("a tool call that could only be allowed for ever is not allowed; complaints that answer nothing are counted", async () => {
  const place = await goosePlace();
  const options = '[{"optionId":"a","name":"Always","kind":"allow_always"}]';
  const say = (message: string): string => `echo '{"jsonrpc":"2.0",${message}}'`;
  const answered = path.join(place.home.dir, "answer");
  const body = [
    "read line",
    say('"id":0,"result":{"protocolVersion":1,"agentInfo":{"name":"goose","version":"1.52.0"}}'),
    "read line",
    say('"id":1,"result":{"sessionId":"s"}'),
    "read line",
    say(`"id":"p","method":"session/request_permission","params":{"sessionId":"s","toolCall":{"toolCallId":"x"},"options":${options}}`),
    `read line; echo "$line" > '${answered}'`,
    say('"id":null,"error":{"code":-32700,"message":"what was that"}'),
    say('"id":2,"result":{"stopReason":"refusal"}'),
    "cat >/dev/null",
  ].join("; ");
  const context = new TestContext();
  expect(await rejection(place.run(context, { goose: { path: program(place, body) } }))).toMatchObject({ code: "GOOSE_REFUSED" });
  expect(JSON.parse(readFileSync(answered, "utf8"))).toMatchObject({ id: "p", result: { outcome: { outcome: "cancelled" } } });
  expect(context.requests).toEqual([{ toolCallId: "x", toolName: "", title: "" }]);
  expect(context.of("log")).toMatchObject([{ level: "warn", message: expect.stringMatching(/^1 /) }]);
});

test("the words of a program that ended stand in the details, without keys", async () => {
  const place = await goosePlace();
  stubEnvironment({ OPENAI_API_KEY: "sk-canary-1234567890" });
  const error = await rejection(
    place.run(new TestContext(), { goose: { path: program(place, 'echo "cannot load libfoo with $OPENAI_API_KEY" >&2; exit 127') }, limits }),
  );
  expect(error).toMatchObject({ code: "GOOSE_WRONG_PROGRAM", details: expect.stringContaining("cannot load libfoo with ***") });
});

test.each(["exit 0", "echo hello; exit 0", "kill -SEGV $$", "exec yes", answer('{"name":"gander","version":"9.0.0"}')])(
  "the error names the program and where it is chosen: %s",
  async (body) => {
    const place = await goosePlace();
    const file = program(place, body);
    const { message } = await rejection(place.run(new TestContext(), { goose: { path: file }, limits: { ...limits, startupMs: 20_000 } }));
    for (const part of [file, "taskMaster.goose.path", "--goose", "GOOSE_BINARY"]) expect(message).toContain(part);
  },
);

test("programs of the system that are no Goose at all", async () => {
  const place = await goosePlace();
  for (const file of ["/bin/true", "/bin/cat", "/usr/bin/yes"]) {
    expect(await rejection(check(place, { goose: { path: file } })), file).toMatchObject({ code: "GOOSE_WRONG_PROGRAM", retryable: false });
  }
});

test("a flood without line breaks ends the attempt, with bounded memory", async () => {
  const place = await goosePlace();
  const before = process.memoryUsage().rss;
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  const error = await rejection(
    place.run(new TestContext(), { goose: { path: program(place, "exec cat /dev/zero") }, limits: { ...limits, startupMs: 20_000 } }),
  );
  clearInterval(watch);
  expect(error).toMatchObject({ code: "GOOSE_WRONG_PROGRAM" });
  expect(peak - before).toBeLessThan(150 * 1024 * 1024);
});

test("a flood of lines that are not the protocol ends the attempt", async () => {
  const place = await goosePlace();
  const run = place.run(new TestContext(), { goose: { path: program(place, "exec yes garbage") }, limits: { ...limits, startupMs: 20_000 } });
  expect(await rejection(run)).toMatchObject({ code: "GOOSE_WRONG_PROGRAM" });
});

test("a flood after the handshake breaks the protocol: the program is Goose", async () => {
  const place = await goosePlace();
  const body = `read line; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":1,"agentInfo":{"name":"goose","version":"1.52.0"}}}'; exec yes garbage`;
  const run = place.run(new TestContext(), { goose: { path: program(place, body) }, limits: { ...limits, startupMs: 20_000 } });
  expect(await rejection(run)).toMatchObject({ code: "GOOSE_PROTOCOL" });
});

test("noise around the protocol is dropped, counted and does no harm", async () => {
  const place = await goosePlace();
  const file = program(place, `echo "Welcome to the shell profile"; printf '\\xff\\xfe\\n[]\\n{"jsonrpc":"1.0"}\\n'; exec ${gooseBinary()} "$@"`);
  const context = new TestContext();
  expect(await place.run(context, { goose: { path: file } })).toMatchObject({ finalMessage: "Done." });
  expect(context.of("log")).toMatchObject([{ level: "warn", message: expect.stringMatching(/^4 /) }]);
});

test("Goose is killed from outside while it works", async () => {
  const place = await goosePlace(() => ({ kind: "hang" }));
  const running = place.run(new TestContext());
  await waitFor(() => place.server.requests.length === 1, { what: "the request" });
  for (const { pid } of await processesWithMarker(place.marker)) process.kill(pid, "SIGKILL");
  expect(await rejection(running)).toMatchObject({ code: "GOOSE_EXITED", retryable: true, message: expect.stringContaining("SIGKILL") });
});

async function check(place: GoosePlace, input: JsonObject = {}): Promise<unknown> {
  return gooseCheck({ goose: { path: gooseBinary() }, provider: true, cwd: place.repo.dir, ...input }, new TestContext());
}

test("goose.check: path and version; nothing is asked of the model, no session stays", async () => {
  const place = await goosePlace();
  expect(await check(place)).toEqual({ path: gooseBinary(), version: "1.52.0" });
  expect(place.server.requests).toHaveLength(0);
  expect(await rejection(place.run(new TestContext(), { sessionId: "20261121_1" }))).toMatchObject({ code: "GOOSE_SESSION_LOST" });
});

test.each([
  ["no provider", { GOOSE_PROVIDER: undefined }],
  ["no model", { GOOSE_MODEL: undefined }],
  ["an unknown provider", { GOOSE_PROVIDER: "nonsense" }],
  ["a missing key", { GOOSE_PROVIDER: "anthropic", GOOSE_MODEL: "some-model", ANTHROPIC_API_KEY: undefined }],
])("goose.check: %s", async (_name, variables) => {
  const place = await goosePlace();
  stubEnvironment(variables);
  expect(await rejection(check(place))).toMatchObject({ code: "GOOSE_NOT_CONFIGURED" });
  expect(await check(place, { provider: false })).toMatchObject({ version: "1.52.0" });
});

test("goose.check finds Goose on the PATH, but never in the workspace", async () => {
  const place = await goosePlace();
  const evil = place.repo.write("bin/goose", '#!/bin/bash\ntouch "$HOME/evil"\n');
  chmodSync(evil, 0o755);
  const usual = path.join(place.home.dir, ".local/bin/goose");
  place.home.write(".local/bin/keep", "");
  symlinkSync(gooseBinary(), usual);
  stubEnvironment({ PATH: `${path.dirname(evil)}:.:/usr/bin:/bin` });
  expect(await check(place, { goose: {} })).toEqual({ path: usual, version: "1.52.0" });
  expect(await rejection(check(place, { goose: { path: evil } }))).toMatchObject({ code: "GOOSE_NOT_FOUND" });
  expect(existsSync(path.join(place.home.dir, "evil"))).toBe(false);
  expect(readdirSync(place.repo.dir).toSorted()).toEqual([".git", "a.txt", "bin"]);
});
