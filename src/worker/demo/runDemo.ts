/**
 * A play with everything that a run has, without Goose and without a model: it plans, thinks, asks for leave, writes a file in the
 * worktree and reports all of it as Goose would. What it writes is real: it is checked and committed like any other work.
 */
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { PlanEntry } from "../../model/taskEvent.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import type { HandlerContext } from "../handlerRegistry.ts";

const fileName = "task-master-demo.md";
const heading = "# Written by the demo of Task Master\n";
const plan = ["Look at what is there", "Write it down", "Say what was done"];

/** Plays one run (handler `demo.run`). */
export async function runDemo({ worktree, title, paceMs }: HandlerInput<"demo.run">, context: HandlerContext): Promise<HandlerOutput<"demo.run">> {
  const play = new Play(context, paceMs);
  const file = path.join(worktree, fileName);
  context.emit({ type: "checkpoint", step: "session", data: { sessionId: `demo-${context.taskId}` } });
  play.plan(0);
  await play.say("thought", "This is a play: no model is asked. It shows what a run looks like.");
  const before = await readFile(file, "utf8").catch(() => "");
  await play.say("agent", before === "" ? `There is no \`${fileName}\` yet. I begin one.` : `\`${fileName}\` is there already. I add to it.`);
  play.plan(1);
  const after = `${before === "" ? heading : before}\n## ${title}\n\nThe demo was here.\n`;
  const isWritten = await play.write({ file: fileName, before, after }, () => writeFile(file, after));
  play.plan(2);
  const finalMessage = isWritten
    ? `I wrote a section of \`${fileName}\`. In a real task this would be your change, on its own branch, ready for review.`
    : `NOTHING TO CHANGE: the demo was not given leave to write \`${fileName}\`.`;
  await play.say("agent", finalMessage);
  play.plan(plan.length);
  await context.gate();
  return { sessionId: `demo-${context.taskId}`, finalMessage };
}

interface Change {
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** Speaks and acts at a pace that people can follow; holds where Goose would hold. */
class Play {
  readonly #context: HandlerContext;
  readonly #paceMs: number;
  #messages = 0;

  constructor(context: HandlerContext, paceMs: number) {
    this.#context = context;
    this.#paceMs = paceMs;
  }

  /** The plan, with so many steps behind it. */
  plan(done: number): void {
    const statusOf = (index: number): PlanEntry["status"] => (index < done ? "completed" : index === done ? "in_progress" : "pending");
    this.#context.emit({ type: "plan", entries: plan.map((text, index) => ({ text, status: statusOf(index) })) });
    this.#context.emit({
      type: "progress_update",
      progress: { percent: 5 + Math.round((done / plan.length) * 80), message: plan[done]?.toLowerCase() ?? "finishing" },
    });
  }

  async say(role: "agent" | "thought", text: string): Promise<void> {
    const messageId = `demo-${++this.#messages}`;
    for (const word of text.split(/(?<= )/)) {
      await this.#context.gate();
      this.#context.emit({ type: "message", role, messageId, text: word });
      await delay(this.#paceMs, undefined, { signal: this.#context.signal });
    }
  }

  /** One tool call, for which leave is asked. */
  async write({ file, before, after }: Change, apply: () => Promise<void>): Promise<boolean> {
    const context = this.#context;
    const request = { toolCallId: `demo-call-${++this.#messages}`, toolName: "write", title: `write · ${file}`, input: { path: file, content: after } };
    context.emit({ type: "tool_call", call: { ...request, status: "pending", kind: "edit", locations: [{ path: file, line: 1 }] } });
    await context.gate();
    const isAllowed = (await context.permit(request)) === "allow_once";
    const { toolCallId } = request;
    if (isAllowed) {
      context.emit({
        type: "tool_call",
        call: { toolCallId, status: "in_progress", diffs: [{ path: file, ...(before === "" ? {} : { oldText: before }), newText: after }] },
      });
      await apply();
    }
    context.emit({ type: "tool_call", call: { toolCallId, status: isAllowed ? "completed" : "failed" } });
    return isAllowed;
  }
}
