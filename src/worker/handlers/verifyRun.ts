import { randomUUID } from "node:crypto";
import { realpath, rm } from "node:fs/promises";
import { TaskMasterError } from "../../model/errors.ts";
import { verifyRunInput, type HandlerInput, type HandlerOutput } from "../../protocol/handlers.ts";
import { EventBuffer } from "../goose/eventBuffer.ts";
import type { HandlerContext, TaskHandler } from "../handlerRegistry.ts";
import { secretsIn } from "../../model/secrets.ts";
import { markerName, shellEnvironment } from "../process/environment.ts";
import { makePrivateFolder } from "../process/makeFolder.ts";
import { killMarked, newMarker } from "../process/marker.ts";
import { parseInput } from "../process/parseInput.ts";
import { Redaction } from "../process/redaction.ts";
import { redactEvent } from "../redactEvent.ts";
import { runShell } from "../process/shell.ts";

/** What is kept of a command's output for the verdict. */
const tailBytes = 16 * 1024;
/** So much of it goes to the journal while the command runs. */
const maxLive = 256 * 1024;

/**
 * `verify.run`: the acceptance commands, one after the other, each to its end whatever the others gave. `timeoutMs`
 * (0: none) counts per command. Each command appears in the journal as a tool call named "verify".
 */
export const verifyRun: TaskHandler = async (raw, context) => ({ ...(await verify(parseInput("verify.run", verifyRunInput, raw), context)) });

async function verify(input: HandlerInput<"verify.run">, context: HandlerContext): Promise<HandlerOutput<"verify.run">> {
  const mark = newMarker(input.run);
  const ownFolders: string[] = [];
  const redaction = new Redaction(secretsIn(process.env));
  const buffer = new EventBuffer((event) => context.emit(redactEvent(event, redaction)), redaction.openEnd);
  try {
    const worktree = await realpath(input.worktree).catch(() => {
      throw new TaskMasterError("NO_FOLDER", `The folder ${input.worktree} does not exist.`);
    });
    await makePrivateFolder(input.tmpDir);
    ownFolders.push(worktree, await realpath(input.tmpDir));
    const env = { ...shellEnvironment(process.env), TMPDIR: input.tmpDir, [markerName]: mark.value };
    const results: HandlerOutput<"verify.run">["results"] = [];
    for (const command of input.commands) {
      await context.gate();
      const result = await check(command, { cwd: worktree, env, timeoutMs: input.timeoutMs, context, buffer });
      results.push({ command, ...result, outputTail: redaction.text(result.outputTail) });
    }
    return { results };
  } finally {
    buffer.flush();
    await killMarked(mark, ownFolders);
    await rm(input.tmpDir, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

interface CheckOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly context: HandlerContext;
  readonly buffer: EventBuffer;
}

async function check(
  command: string,
  { cwd, env, timeoutMs, context, buffer }: CheckOptions,
): Promise<{ exitCode: number; outputTail: string; timedOut: boolean }> {
  const { signal } = context;
  signal.throwIfAborted();
  const toolCallId = `verify-${randomUUID()}`;
  buffer.add({
    type: "tool_call",
    call: { toolCallId, toolName: "verify", title: command.slice(0, 1_000), status: "in_progress", input: { command: command.slice(0, 60_000) } },
  });
  let told = 0;
  const onOutput = (text: string): void => {
    if (told < maxLive) buffer.add({ type: "tool_call", call: { toolCallId, outputDelta: text } });
    told += text.length;
  };
  const result = await runShell(command, { cwd, env, tailBytes, timeoutMs, signal, onOutput });
  const status = signal.aborted ? "cancelled" : result.exitCode === 0 && !result.timedOut ? "completed" : "failed";
  buffer.add({ type: "tool_call", call: { toolCallId, status, exitCode: result.exitCode } });
  signal.throwIfAborted();
  return result;
}
