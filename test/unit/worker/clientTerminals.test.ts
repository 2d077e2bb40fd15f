import { afterEach, beforeEach, expect, test } from "vitest";
import { maxEventText } from "../../../src/protocol/hostWorker.ts";
import { ClientTerminals } from "../../../src/worker/goose/clientTerminals.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

let place: TempDir;
let told: string[];
let terminals: ClientTerminals;
beforeEach(() => {
  place = createTempDir("terminals-");
  told = [];
  terminals = new ClientTerminals({
    redact: (text) => text,
    worktree: place.dir,
    env: { PATH: process.env["PATH"] ?? "" },
    listener: { output: (id, text) => void told.push(`${id}: ${text}`), exited: (id, code) => void told.push(`${id} ended with ${code}`) },
  });
});
afterEach(async () => {
  await terminals.close();
  place.dispose();
});

const create = async (command: string, more: object = {}): Promise<string> => (await terminals.create({ sessionId: "s", command, ...more })).terminalId;
const refused = (message: string): unknown => expect.objectContaining({ code: -32602, message: expect.stringContaining(message) as string });

test("output that was heard before its tool call is known is told whole, in pieces that fit the wire", async () => {
  using folder = createTempDir("terminals-");
  const pieces: string[] = [];
  const listener = { output: (_id: string, text: string) => void pieces.push(text), exited: () => undefined };
  const terminals = new ClientTerminals({ worktree: folder.dir, env: { PATH: process.env["PATH"] ?? "" }, listener, redact: (text) => text });
  const { terminalId } = await terminals.create({ sessionId: "s", command: "seq 1 30000" });
  await terminals.waitForExit(terminalId);
  terminals.link(terminalId, "call");
  expect(pieces.join("")).toBe(Array.from({ length: 30_000 }, (_unused, index) => `${index + 1}\n`).join(""));
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(maxEventText);
});

test("a terminal belongs to the first tool call that names it; its output and end are told once", async () => {
  const id = await create("echo hello; exit 3");
  expect(await terminals.waitForExit(id)).toEqual({ exitCode: 3, signal: null });
  for (const call of ["first", "second"]) terminals.link(id, call);
  terminals.link("none", "first");
  expect(told).toEqual(["first: hello\n", "first ended with 3"]);
  expect(terminals.output(id)).toEqual({ output: "hello\n", truncated: false, exitStatus: { exitCode: 3, signal: null } });
});

test("a command that runs has no exit status yet, and one that is killed says by what", async () => {
  const id = await create("echo begun; exec sleep 600");
  expect(terminals.output(id)).not.toHaveProperty("exitStatus");
  terminals.kill(id);
  expect(await terminals.waitForExit(id)).toEqual({ exitCode: 137, signal: "SIGKILL" });
});

test("variables that Goose gives and the bound on the output count", async () => {
  const id = await create("echo $WORD; printf %0100d 7", { env: [{ name: "WORD", value: "mine" }], outputByteLimit: 10 });
  await terminals.waitForExit(id);
  terminals.link(id, "call");
  expect(told[0]).toContain("mine");
  expect(terminals.output(id)).toMatchObject({ output: "0000000007", truncated: true });
});

test("arguments of their own, folders that are none, terminals that are gone and commands after the end are refused", async () => {
  place.write("file", "");
  await expect(create("echo", { args: ["$HOME"] })).rejects.toEqual(refused("separate arguments"));
  await expect(create("true", { cwd: "file" })).rejects.toEqual(refused("no folder file"));
  await expect(create("true", { cwd: "none" })).rejects.toEqual(refused("no folder none"));
  const id = await create("true");
  await terminals.release(id);
  expect(() => terminals.output(id)).toThrow(/no terminal/);
  await terminals.close();
  await expect(create("true")).rejects.toEqual(refused("the task has ended"));
});
