/** What is recorded of the real Goose, and how it is brought about. */
import { methods, PROTOCOL_VERSION } from "@agentclientprotocol/sdk";
import type { GooseSession } from "../../src/worker/goose/gooseSession.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { messageText, sequence, type ModelReply, type ModelScript, type ScriptedCall } from "../helpers/modelServer.ts";
import type { RecordedGoose, RecordedOptions } from "./recordedGoose.ts";

/** One transcript. */
export interface Scenario extends RecordedOptions {
  readonly name: string;
  drive(goose: RecordedGoose): Promise<void>;
}

const call = (name: string, input: ScriptedCall["arguments"]): ScriptedCall => ({ name, arguments: input });
const shell = (command: string, more: ScriptedCall["arguments"] = {}): ScriptedCall => call("shell", { command, ...more });
const usage = (promptTokens: number, completionTokens: number): { readonly usage: { promptTokens: number; completionTokens: number } } => ({
  usage: { promptTokens, completionTokens },
});
const tools = (...calls: readonly ScriptedCall[]): ModelReply => ({ kind: "tools", calls, ...usage(500, 20) });
const done: ModelReply = { kind: "text", text: "Done.", ...usage(1_000, 10) };
const scripted = { GOOSE_PROVIDER: "scripted" };

/** Opens a session, prompts it once and closes. A turn that fails is what some scenarios are about. */
async function turn(goose: RecordedGoose, work: (session: GooseSession) => Promise<unknown> = (session) => session.prompt("Do it.")): Promise<void> {
  const session = goose.start();
  try {
    await session.initialize();
    await session.open(undefined);
    await work(session).catch(() => undefined);
  } finally {
    await session.close();
  }
}

/** As a client without files and terminals: Goose runs the commands itself. */
async function turnWithoutClient(goose: RecordedGoose): Promise<void> {
  const session = goose.start();
  try {
    const clientCapabilities = { _meta: { goose: { customNotifications: true } } };
    await session.process.agent.request(methods.agent.initialize, { protocolVersion: PROTOCOL_VERSION, clientCapabilities });
    await session.open(undefined);
    await session.prompt("Do it.");
  } finally {
    await session.close();
  }
}

/** A session that is stored, then loaded by another process which changes its settings and goes on. */
async function load(goose: RecordedGoose): Promise<void> {
  let sessionId = "";
  await turn(goose, async (session) => {
    await session.prompt("Do it.");
    const { sessions } = await session.process.agent.request(methods.agent.session.list, {});
    sessionId = sessions[0]?.sessionId ?? "";
  });
  const session = goose.start();
  try {
    await session.initialize();
    await session.open(sessionId);
    await session.process.agent.request(methods.agent.session.setMode, { sessionId, modeId: "auto" });
    await session.process.agent.request(methods.agent.session.setConfigOption, { sessionId, configId: "thinking_effort", value: "low" });
    await session.prompt("Go on.");
  } finally {
    await session.close();
  }
}

async function cancel(goose: RecordedGoose): Promise<void> {
  await turn(goose, async (session) => {
    const running = session.prompt("Do it.");
    await waitFor(() => goose.lines().told.some((line) => line.includes('"terminalId"')), { what: "a running command" });
    goose.end.abort(new Error("cancelled"));
    await running;
  });
}

/** The tool results that the model has seen decide what it does next; a sub-agent's conversation is told by its task. */
function withSubagent(replies: readonly ModelReply[]): ModelScript {
  return ({ messages }) => {
    const results = messages.filter(({ role }) => role === "tool").length;
    const isSubagent = messages.some((message) => message.role === "user" && messageText(message).includes("the sub-agent's task"));
    const own: readonly ModelReply[] = [tools(shell("echo in the sub-agent")), { kind: "text", text: "The sub-agent is done.", ...usage(300, 3) }];
    const reply = (isSubagent ? own : replies)[results];
    if (reply === undefined) throw new Error("the model script has no reply");
    return reply;
  };
}

/** A message of the user in the middle of a turn. */
async function steer(goose: RecordedGoose): Promise<void> {
  await turn(goose, async (session) => {
    const running = session.prompt("Do it.");
    await waitFor(() => goose.lines().told.some((line) => line.includes('"terminalId"')), { what: "a running command" });
    const told = goose.lines().told.join("\n");
    const [, sessionId] = /"sessionId":"(\w+)"/.exec(told) ?? [];
    const [, expectedRunId] = /"activeRunId":"([\w-]+)"/.exec(told) ?? [];
    await session.process.agent.request("_goose/unstable/session/steer", { sessionId, expectedRunId, prompt: [{ type: "text", text: "And be quick." }] });
    goose.repo.write("go", "");
    await running;
  });
}

const todo = (content: string): ModelReply => tools(call("todo__todo_write", { content }));

export const scenarios: readonly Scenario[] = [
  {
    name: "edit-and-shell",
    env: { GOOSE_MODEL: "gpt-4.1" },
    script: sequence([
      {
        ...tools(call("write", { path: "b.txt", content: "new\n" }), shell("echo out; echo err >&2; exit 3"), call("tree", { path: ".", depth: 1 })),
        text: "I begin the work.",
        ...usage(800, 30),
      } as ModelReply,
      tools(
        call("edit", { path: "a.txt", before: "one", after: "two" }),
        call("write", { path: "../evil.txt", content: "x" }),
        call("edit", { path: "a.txt", before: "none", after: "x" }),
      ),
      { kind: "text", thinking: "I think I am done.", text: "All is done.", ...usage(1_200, 40) },
    ]),
    drive: turn,
  },
  {
    name: "parallel-calls",
    script: sequence([tools(shell("echo a1; sleep 0.3; echo a2"), shell("echo b1; sleep 0.1; echo b2; exit 4"), shell("sleep 5", { timeout_secs: 1 })), done]),
    drive: turn,
  },
  {
    name: "live-output",
    script: sequence([tools(shell("for i in 1 2 3; do echo tick $i; sleep 0.2; done"), shell("echo oops >&2; exit 3")), done]),
    drive: turnWithoutClient,
  },
  {
    name: "todo",
    extensions: ["todo"],
    script: sequence([
      todo("# Plan\n\n- [ ] read the code\n- [ ] change it\n  - [ ] and the tests\n"),
      todo("# Plan\n\n- [x] read the code\n- [ ] change it\n  - [ ] and the tests\n"),
      todo("# Plan\n\n- [x] read the code\n- [ ] change it\n  - [ ] and the tests\n"),
      done,
    ]),
    drive: turn,
  },
  {
    name: "mcp-and-subagent",
    extensions: ["test", "summon"],
    script: withSubagent([
      tools(call("test__slow", {})),
      tools(call("test__broken", {})),
      tools(call("delegate", { instructions: "the sub-agent's task" })),
      done,
    ]),
    drive: turn,
  },
  {
    name: "load",
    extensions: ["todo"],
    script: sequence([todo("- [ ] one"), { ...tools(call("write", { path: "b.txt", content: "new\n" })), text: "Writing." } as ModelReply, done]),
    drive: load,
  },
  {
    name: "rejected",
    script: sequence([tools(call("write", { path: "b.txt", content: "new\n" })), done]),
    drive: async (goose) => {
      goose.permit = () => "reject_once";
      await turn(goose);
    },
  },
  { name: "steered", script: sequence([tools(shell("until [ -e go ]; do sleep 0.05; done")), done]), drive: steer },
  { name: "cancelled", script: sequence([{ kind: "tools", text: "Waiting.", calls: [shell("echo begun; sleep 60")], ...usage(500, 20) }]), drive: cancel },
  {
    name: "compaction",
    env: scripted,
    contextLimit: 8_000,
    script: sequence([{ ...tools(shell("echo one")), ...usage(7_500, 10) }, { kind: "text", text: "A summary.", ...usage(7_600, 20) }, done]),
    drive: (goose) =>
      turn(goose, async (session) => {
        await session.prompt("Do it.");
        await session.prompt("Go on.");
      }),
  },
  { name: "provider-error", script: () => ({ kind: "status", status: 500 }), drive: turn },
  { name: "authentication", script: () => ({ kind: "status", status: 401 }), drive: turn },
  { name: "credits", script: () => ({ kind: "status", status: 402 }), drive: turn },
  { name: "max-tokens", script: () => ({ kind: "length", text: "This ends in the" }), drive: turn },
  { name: "max-turns", env: { GOOSE_MAX_TURNS: "1" }, script: () => tools(call("tree", { path: ".", depth: 1 })), drive: turn },
  { name: "title", env: { GOOSE_DISABLE_SESSION_NAMING: "false" }, script: () => ({ ...done, text: "A fitting title" }), drive: turn },
];
