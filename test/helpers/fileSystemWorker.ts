import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { LooperDeps } from "../../src/engine/looper.ts";
import type { Task } from "../../src/model/task.ts";

/** A worker without any model, for tests alone: writes the files that a task stands for into its worktree. */
export function makeFileSystemWorker(filesOf: (task: Task, worktree: string) => Readonly<Record<string, string>>): LooperDeps["runWorker"] {
  return async ({ task }, { worktree }, { signal }) => {
    for (const [file, text] of Object.entries(filesOf(task, worktree))) {
      signal.throwIfAborted();
      await mkdir(path.dirname(path.join(worktree, file)), { recursive: true });
      await writeFile(path.join(worktree, file), text);
    }
    return { sessionId: `files-${task.id}`, finalMessage: `I wrote the files of "${task.title}".` };
  };
}
