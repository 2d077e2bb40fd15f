import { window } from "vscode";
import { t } from "../base/l10n.ts";
import type { NewTask, TaskEngineFacade } from "../engine/facade.ts";
import type { Task } from "../model/task.ts";
import { demoAgent } from "../model/task.ts";
import type { Command } from "./commandDeps.ts";

/** Queues two tasks that no model works on, and runs the first: everything of a run can be seen without Goose. Resolves with their ids. */
export const tryDemo: Command = async (deps) => {
  const engine = await deps.engine();
  const answer = await window.showInformationMessage(
    t("Try the demo of Task Master?"),
    {
      modal: true,
      detail: t("Two tasks are queued and run without Goose and without a model. Each writes a few lines on a branch of its own; your files stay as they are."),
    },
    start,
  );
  if (answer !== start) return undefined;
  const tasks = await addDemoTasks(engine);
  const [first] = tasks;
  if (first === undefined) return undefined;
  deps.openRun(first.id, { beside: true });
  void engine.runAll({ requireTags: [demoTag] }).catch((thrown: unknown) => deps.log.warn("the demo ended", { error: String(thrown) }));
  return tasks.map(({ id }) => id);
};

const start = t("Start Demo");
const demoTag = "demo";

/** The second builds on the first. */
async function addDemoTasks(engine: Pick<TaskEngineFacade, "enqueue">): Promise<readonly Task[]> {
  const demo = { agent: demoAgent, tags: [demoTag] } satisfies Partial<NewTask>;
  const first = await engine.enqueue({ ...demo, title: t("Demo: write a note"), priority: "high" });
  const second = await engine.enqueue({ ...demo, title: t("Demo: add to the note"), dependsOn: [first.id] });
  return [first, second];
}
