/** Runs one scenario with the real engine, git and Goose, and judges its end without asking the engine. */
import { chmodSync } from "node:fs";
import path from "node:path";
import { classOf } from "../../src/engine/retryPolicy.ts";
import { retryPolicies } from "../../src/model/errorClasses.ts";
import type { Task } from "../../src/model/task.ts";
import { ProductEngine } from "../helpers/productEngine.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../helpers/tempRepo.ts";
import { acceptedIn } from "./audit.ts";
import type { Consequence, ExpectedFailure, ExpectedSuccess, Row, Scenario } from "./scenario.ts";

/** How a task ended, as its row, its journal and its repository tell. */
interface End {
  readonly task: Task;
  readonly told: string;
  /** Whether the queue has stopped. */
  readonly isStopped: boolean;
  readonly repo: TempRepo;
}

/** One row of the table. The environment of this process is the scenario's. */
export async function runScenario(scenario: Scenario): Promise<Row> {
  using programs = createTempDir("task-master-truth-");
  const repo = createTempRepo({ files: { "README.md": "# Test\n", ...scenario.files } });
  for (const [file, text] of Object.entries(scenario.untracked ?? {})) repo.write(file, text);
  scenario.prepare?.(repo);
  const product = await ProductEngine.open({
    repo,
    ...(scenario.script === undefined ? {} : { script: scenario.script }),
    ...(scenario.env === undefined ? {} : { env: scenario.env }),
    settings: { poolSize: 1, ...scenario.settings, ...programOf(scenario, programs) },
  });
  allowEverything(product);
  try {
    const task = await workOn(product, scenario);
    const events = await product.engine.events(task.id, { limit: 10_000 });
    const told = events.flatMap((event) => (event.type === "log" ? [event.message] : [])).join("\n");
    const isStopped = (await product.engine.queueStatus()).stop !== undefined;
    return judge(scenario, { task, told, isStopped, repo }, scenario.happened?.(product) ?? true);
  } finally {
    await product.close();
  }
}

/** The user allows whatever is asked: what comes of it must still be told truly. */
function allowEverything({ engine }: ProductEngine): void {
  engine.onDidChange((changes) => {
    for (const { event, task } of changes) {
      const question = event.type === "attention" ? event.attention?.question : undefined;
      if (question !== undefined) void engine.answer(task.id, { questionId: question.id, decision: "allow_once" });
    }
  });
}

async function workOn(product: ProductEngine, { accept = [], meddle, runs = 1 }: Scenario): Promise<Task> {
  let task = await product.add("Write a greeting", { acceptance: { commands: accept } });
  for (let run = 0; run < runs; run++) {
    if (task.status === "failed") await product.engine.retry(task.id);
    const ended = product.run(task);
    await meddle?.(product);
    task = await ended;
  }
  return task;
}

function programOf({ program }: Scenario, programs: TempDir): { readonly goosePath?: string } {
  if (program === undefined) return {};
  if ("path" in program) return { goosePath: program.path };
  const file = programs.write(path.join("bin", "goose"), `#!/bin/bash\n${program.lines}\n`);
  chmodSync(file, program.mode ?? 0o755);
  return { goosePath: file };
}

function judge(scenario: Scenario, end: End, happened: boolean): Row {
  const { expected } = scenario;
  const isDone = end.task.status === "done";
  const evidence = isDone ? missingEvidence(scenario, end) : [];
  const differences = [
    ...(happened ? [] : ["the agent did not do what the scenario is about"]),
    ...evidence,
    ...("done" in expected ? successDifferences(expected, end) : failureDifferences(expected, end)),
  ];
  return {
    name: scenario.name,
    expected: "done" in expected ? "done" : `${expected.code} ${expected.errorClass}, ${expected.next}`,
    got: describe(end),
    message: (isDone ? end.task.result?.output : end.task.result?.error?.message) ?? "",
    isFalseSuccess: isDone && (!("done" in expected) || evidence.length > 0),
    differences,
  };
}

function describe({ task, isStopped }: End): string {
  const code = task.result?.error?.code;
  if (code === undefined) return task.status;
  return `${code} ${errorClass(task)}, ${consequence(task, isStopped)}`;
}

function errorClass({ result, notBefore }: Task): string {
  const code = result?.error?.code;
  return code === undefined ? "" : classOf({ code, retryAt: code === "GOOSE_CREDITS" ? notBefore : undefined });
}

function consequence(task: Task, isStopped: boolean): Consequence {
  if (isStopped) return "stops the queue";
  if (task.status !== "todo") return "fails";
  return task.freeAttempts === task.attempts ? "waits" : "again";
}

function failureDifferences({ code, errorClass: wanted, next, says, keeps }: ExpectedFailure, end: End): string[] {
  const { task, repo } = end;
  const message = task.result?.error?.message ?? "";
  const differences: string[] = [];
  const got = describe(end);
  if (got !== `${code} ${wanted}, ${next}`) differences.push(`ended as: ${got}`);
  if ((next === "stops the queue") !== (retryPolicies[wanted].whenFinal === "stop the queue")) differences.push("the scenario contradicts the retry policy");
  if (!says.test(message)) differences.push(`the message does not say ${says}`);
  if (task.status === "done" || repo.git("log", "--branches=tm", "--not", "main", "--oneline") !== "") differences.push("something is on the task's branch");
  const ref = /refs\/task-master\/unfinished\/\S+(?=\.( |$))/.exec(message)?.[0];
  if (keeps !== undefined && (ref === undefined || !filesAt(repo, ref).includes(keeps))) differences.push(`${keeps} was not kept`);
  return differences;
}

function successDifferences({ files, tells }: ExpectedSuccess, { task, told }: End): string[] {
  if (task.status !== "done") return [`not done: ${task.result?.error?.message ?? task.status}`];
  const artifacts = (task.result?.artifacts ?? []).join(", ");
  return [
    ...(artifacts === files.join(", ") ? [] : [`changed ${artifacts}`]),
    ...(tells === undefined || tells.test(told) ? [] : [`nothing in the journal says ${tells}`]),
  ];
}

/** What a task that calls itself done cannot show: a branch with the change, the claim, acceptance of what was committed. */
function missingEvidence({ accept = [], expected }: Scenario, { task, repo }: End): string[] {
  const { result } = task;
  // A branch without a commit goes with its worktree.
  const branch = task.branch === undefined ? "" : repo.git("branch", "--list", "--format=%(refname:short)", task.branch);
  const changed = branch === "" ? "" : repo.git("diff", "--name-only", `main...${branch}`);
  const missing: string[] = [];
  if (changed === "" && !/^\W*NOTHING TO CHANGE\W+\w/.test(result?.output ?? "")) missing.push("done without a change and without the claim");
  if (changed.replaceAll("\n", ", ") !== (result?.artifacts ?? []).join(", ")) missing.push(`the branch holds other changes: ${changed}`);
  // A commit without what Git ignores may not pass by itself: then the journal says so.
  const isTold = "done" in expected && expected.tells !== undefined;
  if (!isTold && !acceptedIn(repo, branch === "" ? "main" : branch, accept)) missing.push("the commit is not accepted in a checkout of its own");
  return missing;
}

function filesAt(repo: TempRepo, ref: string): string[] {
  return repo.git("ls-tree", "-r", "--name-only", ref).split("\n");
}
