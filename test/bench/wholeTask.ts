import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TaskChange } from "../../src/engine/facade.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { startModelServer, type ModelScript } from "../helpers/modelServer.ts";
import { createTempRepo, type TempRepo } from "../helpers/tempRepo.ts";
import { openBenchEngine, type BenchEngine } from "./benchEngine.ts";
import type { Benchmark, Measurement } from "./benchmark.ts";
import { bareGitCycle } from "./gitCycle.ts";
import { interleave, median, percentile, spread } from "./statistics.ts";

const rounds = 25;
const warmUps = 2;
const limitMs = 60;
const gitLimitRatio = 1.3;
const file = "made.txt";

/** Writes one file, then says so; answers at once. */
const script: ModelScript = ({ messages }) =>
  messages.at(-1)?.role === "tool"
    ? { kind: "text", text: "Done." }
    : { kind: "tools", calls: [{ name: "write", arguments: { path: file, content: "made by Goose\n" } }] };

/** From one mark of a task's journal to the next; together they are the whole task. */
const stretches = [
  { name: "queue and claim", group: "rest", until: "started" },
  { name: "git: inspect, branch, worktree", group: "git", until: "prepared" },
  { name: "Goose: spawn, handshake, session", group: "goose", until: "session" },
  { name: "Goose: prompt to end of process", group: "goose", until: "agent_finished" },
  { name: "git: changed files", group: "git", until: "verified" },
  { name: "git: commit", group: "git", until: "committed" },
  { name: "git: remove the worktree", group: "git", until: "completed" },
  { name: "hand over", group: "rest", until: "finished" },
] as const;

type Mark = (typeof stretches)[number]["until"];
type Times = ReadonlyMap<Mark | "begun", number>;

interface OtherSide {
  readonly goose: number;
  readonly git: number;
}

/** A whole task through the engine against bare Goose on the same script; what is more is git, journal, thread and safety. */
export const wholeTask: Benchmark = async ({ dist, say }) => {
  await using model = await startModelServer(script);
  await using engine = await openBenchEngine({ dist, env: model.env });
  using repo = createTempRepo();
  say(`${rounds} pairs`);
  const all = await interleave(
    rounds + warmUps,
    (round) => wholeRun(engine, `Make the file ${file}, round ${round}`),
    (round) => otherSide(repo, round),
  );
  const cold = all[0]?.[0] ?? new Map<Mark, number>();
  const pairs = all.slice(warmUps);
  const totals = pairs.map(([times]) => between(times, "begun", "finished"));
  const bare = pairs.map(([, other]) => other.goose);
  const more = totals.map((total, round) => total - (bare[round] ?? Number.NaN));
  const sums = (group: string): number[] => pairs.map(([times]) => stretchesOf(times).reduce((sum, part) => sum + (part.group === group ? part.ms : 0), 0));
  const bareGit = pairs.map(([, other]) => other.git);
  const overhead = median(more);
  const gitRatio = median(sums("git")) / median(bareGit);
  const gooseRun = { name: "bare goose run", value: median(bare) };
  return {
    measurements: [
      { what: "whole task", unit: "ms", ours: median(totals), other: gooseRun },
      {
        what: "whole task minus bare goose run, paired",
        unit: "ms",
        ours: overhead,
        goal: { text: `<= ${limitMs} ms`, met: overhead <= limitMs },
      },
      {
        what: "  git verbs",
        unit: "ms",
        ours: median(sums("git")),
        other: { name: "raw git cycle", value: median(bareGit) },
        goal: { text: `<= ${gitLimitRatio}x`, met: gitRatio <= gitLimitRatio },
      },
      { what: "  goose.run", unit: "ms", ours: median(sums("goose")), other: gooseRun },
      { what: "  rest: queue, claim, hand over", unit: "ms", ours: median(sums("rest")) },
      ...stretches.map(({ name }, index): Measurement => {
        const values = pairs.map(([times]) => stretchesOf(times)[index]?.ms ?? Number.NaN);
        return { what: `    ${name}`, unit: "ms", ours: median(values) };
      }),
    ],
    notes: [
      `${rounds} pairs in turn, each with its own task; quartiles of the difference ${spread(more)} ms, p90 ${percentile(more, 0.9).toFixed(1)} ms`,
      `the very first task, whose worker thread has to be made, is not among them; it took ${between(cold, "begun", "finished").toFixed(0)} ms, ${between(cold, "begun", "prepared").toFixed(0)} of them until its worktree was there`,
      "the stretches lie between journal entries, so each contains the transaction that ends it; medians of parts need not add up",
      "raw git cycle: worktree add -b, add, commit, worktree remove, spawned without any of the safety of ours",
    ],
  };
};

async function wholeRun({ opened }: BenchEngine, title: string): Promise<Times> {
  const { engine } = opened;
  const times = new Map<Mark | "begun", number>();
  const subscription = engine.onDidChange((changes) => {
    const now = performance.now();
    for (const change of changes) {
      const mark = markOf(change);
      if (mark !== undefined && !times.has(mark)) times.set(mark, now);
    }
  });
  times.set("begun", performance.now());
  const task = await engine.enqueue({ title });
  const running = await engine.runNext();
  const finished = await running?.finished;
  times.set("finished", performance.now());
  subscription.dispose();
  if (finished?.id !== task.id || finished.status !== "done") throw new Error(`the task did not get done: ${JSON.stringify(finished)}`);
  return times;
}

function markOf({ event }: TaskChange): Mark | undefined {
  const name = event.type === "checkpoint" ? event.step : event.type;
  return stretches.find(({ until }) => until === name)?.until;
}

function stretchesOf(times: Times): { readonly group: string; readonly ms: number }[] {
  return stretches.map(({ group, until }, index) => ({ group, ms: between(times, stretches[index - 1]?.until ?? "begun", until) }));
}

function between(times: Times, from: Mark | "begun", to: Mark): number {
  return (times.get(to) ?? Number.NaN) - (times.get(from) ?? Number.NaN);
}

/** Goose alone as a person would call it, in a checkout, and git alone; timed apart. */
async function otherSide(repo: TempRepo, round: number): Promise<OtherSide> {
  const begun = performance.now();
  await promisify(execFile)(gooseBinary(), ["run", "-q", "--no-session", "-t", `Make the file ${file}, round ${round}`], {
    cwd: repo.dir,
    env: { ...process.env, GOOSE_MODE: "auto" },
  });
  const goose = performance.now() - begun;
  const made = join(repo.dir, file);
  if (!existsSync(made)) throw new Error("bare Goose did not write the file");
  rmSync(made);
  return { goose, git: await bareGitCycle(repo, round) };
}
