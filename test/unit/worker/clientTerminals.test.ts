import { expect, test } from "vitest";
import { maxEventText } from "../../../src/protocol/hostWorker.ts";
import { ClientTerminals } from "../../../src/worker/goose/clientTerminals.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";

test("output that was heard before its tool call is known is told whole, in pieces that fit the wire", async () => {
  using folder = createTempDir("terminals-");
  const pieces: string[] = [];
  const listener = { output: (_id: string, text: string) => void pieces.push(text), exited: () => undefined };
  const terminals = new ClientTerminals({ worktree: folder.dir, env: { PATH: process.env["PATH"] ?? "" }, listener });
  const { terminalId } = await terminals.create({ sessionId: "s", command: "seq 1 30000" });
  await terminals.waitForExit(terminalId);
  terminals.link(terminalId, "call");
  expect(pieces.join("")).toBe(Array.from({ length: 30_000 }, (_unused, index) => `${index + 1}\n`).join(""));
  expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(maxEventText);
});
