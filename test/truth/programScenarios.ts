/** Goose itself: not configured, another program, too old, killed, silent. */
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import type { ProductEngine } from "../helpers/productEngine.ts";
import { say, turns, write, type ExpectedFailure, type Scenario } from "./scenario.ts";

const notConfigured: ExpectedFailure = {
  code: "GOOSE_NOT_CONFIGURED",
  errorClass: "setup",
  next: "stops the queue",
  says: /no usable provider.*goose configure/,
};
const wrongProgram: ExpectedFailure = {
  code: "GOOSE_WRONG_PROGRAM",
  errorClass: "setup",
  next: "stops the queue",
  says: /cannot be used as Goose.*taskMaster\.goose\.path/,
};
const noAnswer: ExpectedFailure = { code: "GOOSE_NO_ANSWER", errorClass: "provider", next: "again", says: /without an answer.*Retry/ };
const exited: ExpectedFailure = { code: "GOOSE_EXITED", errorClass: "agent", next: "again", says: /ended in the middle of its work.*Retry/ };

const reply = (id: number, result: string): string => `read -r line; echo '{"jsonrpc":"2.0","id":${id},"result":${result}}'`;
const hello = (agent: string): string => reply(0, `{"protocolVersion":1,"agentCapabilities":{},"agentInfo":${agent}}`);
const opened = [hello('{"name":"goose","version":"1.52.0"}'), reply(1, '{"sessionId":"20260101_1"}'), "read -r line"].join("\n");

/** Kills Goose, and nothing else, as soon as the model was asked so many times. */
function killAt(requests: number): (product: ProductEngine) => Promise<void> {
  return async ({ model, home }) => {
    await waitFor(() => model.requests.length >= requests, { what: "the request to the model", timeoutMs: 30_000 });
    const goose = (await processesWithMarker(home.dir)).filter(({ args }) => args.endsWith(" acp"));
    for (const { pid } of goose) process.kill(pid, "SIGKILL");
  };
}

export const programScenarios: readonly Scenario[] = [
  { name: "no provider", env: { GOOSE_PROVIDER: undefined }, expected: notConfigured },
  { name: "no model", env: { GOOSE_MODEL: undefined }, expected: notConfigured },
  { name: "unknown provider", env: { GOOSE_PROVIDER: "nonsense" }, expected: notConfigured },
  { name: "missing key", env: { GOOSE_PROVIDER: "anthropic", GOOSE_MODEL: "some-model", ANTHROPIC_API_KEY: undefined }, expected: notConfigured },
  { name: "another program", program: { lines: 'echo "usage: goose [up|down]"; exit 1' }, expected: wrongProgram },
  { name: "another agent", program: { lines: `${hello('{"name":"gander","version":"9.0.0"}')}; cat >/dev/null` }, expected: wrongProgram },
  {
    name: "a Goose that is too old",
    program: { lines: `${hello('{"name":"goose","version":"1.46.2"}')}; cat >/dev/null` },
    expected: { code: "GOOSE_TOO_OLD", errorClass: "setup", next: "stops the queue", says: /1\.46\.2 is too old.*goose update/ },
  },
  {
    name: "a Goose that is not executable",
    program: { lines: "exit 0", mode: 0o644 },
    expected: { code: "GOOSE_NOT_EXECUTABLE", errorClass: "setup", next: "stops the queue", says: /cannot be executed.*chmod/ },
  },
  {
    name: "a Goose that cannot be run",
    program: { path: "/dev/null/goose" },
    expected: { code: "GOOSE_NOT_FOUND", errorClass: "setup", next: "stops the queue", says: /was not found.*Install Goose/ },
  },
  {
    name: "a missing Goose",
    program: { path: "/nowhere/goose" },
    expected: { code: "GOOSE_NOT_FOUND", errorClass: "setup", next: "stops the queue", says: /was not found.*Install Goose/ },
  },
  { name: "Goose exits 0 in silence", program: { lines: "exit 0" }, expected: wrongProgram },
  { name: "Goose exits 0 behind the handshake", program: { lines: `${hello('{"name":"goose","version":"1.52.0"}')}; exit 0` }, expected: exited },
  { name: "Goose exits 0 in the turn", program: { lines: `${opened}; exit 0` }, expected: exited },
  { name: "Goose exits 0 behind an edit", program: { lines: `${opened}; echo hello >a.txt; exit 0` }, expected: { ...exited, keeps: "a.txt" } },
  {
    name: "Goose ends the turn without a word",
    program: { lines: `${opened}; echo hello >a.txt; echo '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"end_turn"}}'; cat >/dev/null` },
    expected: { ...noAnswer, keeps: "a.txt" },
  },
  {
    name: "Goose says the turn was cancelled",
    program: { lines: `${opened}; echo '{"jsonrpc":"2.0","id":2,"result":{"stopReason":"cancelled"}}'; cat >/dev/null` },
    expected: { code: "GOOSE_PROTOCOL", errorClass: "agent", next: "fails", says: /not known here.*(update|log)/i },
  },
  { name: "Goose killed while it waits", script: turns({ kind: "hang" }), meddle: killAt(1), expected: exited },
  {
    name: "Goose killed behind an edit",
    script: turns(write("a.txt"), { kind: "hang" }),
    meddle: killAt(2),
    expected: { ...exited, keeps: "a.txt" },
  },
  {
    name: "Goose killed in the middle of its last words",
    script: turns(write("a.txt"), { kind: "stall", text: "I wrote a.txt, and it" }),
    meddle: killAt(2),
    expected: { ...exited, keeps: "a.txt" },
  },
  { name: "Goose works", script: turns(write("a.txt"), say("I wrote a.txt.")), expected: { done: true, files: ["a.txt"] } },
];
