/** A worker module: an agent that only talks, and a git that only says yes, so that what is left is the engine, the store and the threads. */
import type { TaskHandlerRegistry } from "../../src/worker/handlerRegistry.ts";

const events = 20;
const sha = "c0ffee";

/** Called by the worker; takes the place of the built-in handlers. */
export function register(registry: TaskHandlerRegistry): void {
  registry.register("goose.run", (_input, context) => {
    const { taskId } = context;
    const sessionId = `session-${taskId}`;
    context.emit({ type: "checkpoint", step: "session", data: { sessionId } });
    for (let index = 0; index < events; index++)
      context.emit({ type: "message", role: "agent", messageId: `m${index}`, text: `Step ${index} of ${taskId} is done.` });
    context.emit({ type: "usage", usage: { inputTokens: 1_000, outputTokens: 100 } });
    return Promise.resolve({ sessionId, finalMessage: "Done." });
  });
  registry.register("git.inspect", (input) =>
    Promise.resolve({ root: text(input["directory"]), commonDir: text(input["directory"]), head: sha, gitVersion: "2" }),
  );
  registry.register("git.prepare", (input) =>
    Promise.resolve({ repository: text(input["directory"]), worktree: text(input["worktree"]), branch: text(input["branch"]), baseSha: sha, startSha: sha }),
  );
  registry.register("git.changes", () => Promise.resolve({ files: ["a.txt"] }));
  registry.register("git.commit", () => Promise.resolve({ commits: [sha], files: ["a.txt"] }));
  registry.register("git.cleanup", () => Promise.resolve({}));
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}
