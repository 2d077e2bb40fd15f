/** Nothing of a task lives on when what drives it dies, however it dies. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { processesWithMarker, waitFor, waitForNoProcesses } from "../helpers/leakCheck.ts";
import { sequence, type ModelReply } from "../helpers/modelServer.ts";
import { ProductEngine } from "../helpers/productEngine.ts";
import { createTempDir, type TempDir } from "../helpers/tempRepo.ts";

/** A command whose processes are in the group, in the background, and in a session of their own. */
const escape: ModelReply = {
  kind: "tools",
  calls: [{ name: "shell", arguments: { command: "sleep 611 & setsid sleep 612 & nohup sleep 613 & sleep 614; wait" } }],
};

let product: ProductEngine;
beforeEach(async () => {
  product = await ProductEngine.open({ script: sequence([escape]), settings: { maxAttempts: 1, gracefulShutdownMsTimeout: 0 } });
});
afterEach(() => product.close());

const alive = async (what: RegExp): Promise<number[]> =>
  (await processesWithMarker(product.home.dir)).filter(({ args }) => what.test(args)).map(({ pid }) => pid);
const allSleep = (): Promise<unknown> => waitFor(async () => (await alive(/^sleep 61[1-4]$/)).length === 4, { what: "the four commands" });

/** The shells that guard the workers of a process. */
function guardsOf(pid: number): number[] {
  const children = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(pid)], { encoding: "utf8" }).split("\n");
  const guards = children.filter((line) => /^ *\d+ \/bin\/sh -c/.test(line)).map((line) => Number.parseInt(line, 10));
  expect(guards.length).toBeGreaterThan(0);
  return guards;
}

/** What is alive 5 s later at the latest: must be nothing. */
async function left(): Promise<readonly string[]> {
  await waitForNoProcesses(product.home.dir, 5_000).catch(() => undefined);
  return (await processesWithMarker(product.home.dir)).map(({ args }) => args);
}

describe("in this process", () => {
  test("a worker that is terminated", async () => {
    const task = await product.add("write a");
    const { finished } = await product.engine.run(task.id);
    await allSleep();
    await product.opened.dispose(); // a grace of 0 ms: the thread is terminated in the middle
    expect(await left()).toEqual([]);
    await finished;
  });

  test("a Goose that is killed", async () => {
    const task = await product.add("write a");
    const { finished } = await product.engine.run(task.id);
    await allSleep();
    const [goose] = await alive(/goose acp$/);
    process.kill(goose as number, "SIGKILL");
    expect(await finished).toMatchObject({ status: "failed", result: { error: { code: "GOOSE_EXITED" } } });
    await waitFor(async () => (await alive(/sleep|goose acp/)).length === 0, { what: "the end of all commands", timeoutMs: 5_000 });
  });
});

describe("the terminal's process", () => {
  let built: TempDir;
  beforeAll(async () => {
    built = createTempDir("tm-cli-");
    const entry = (path: string): string => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));
    await build({
      entryPoints: { cli: entry("cli.ts"), worker: entry("worker/harness.ts") },
      outdir: `${built.dir}/dist`,
      outExtension: { ".js": ".cjs" },
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node22",
    });
    built.write("package.json", '{ "version": "0.0.0" }');
    return () => built.dispose();
  });

  const runInTerminal = (task: string): ChildProcess => {
    const env = { PATH: process.env["PATH"] ?? "", HOME: product.home.dir, GOOSE_BINARY: gooseBinary(), ...product.model.env };
    return spawn(process.execPath, [`${built.dir}/dist/cli.cjs`, "-C", product.repo.dir, "run", task], { env, stdio: "ignore" });
  };

  test("killed together with its guard: the next process on the queue ends what is left, and says so", async () => {
    const task = await product.add("write a");
    const cli = runInTerminal(task.id);
    await allSleep();
    const exited = new Promise((resolve) => cli.once("exit", resolve));
    for (const guard of guardsOf(cli.pid as number)) process.kill(guard, "SIGKILL");
    cli.kill("SIGKILL");
    await exited;
    await waitFor(async () => (await alive(/goose acp$/)).length === 0, { what: "Goose to end with its input" });
    expect(await alive(/^sleep 61[1-4]$/)).toHaveLength(4);
    const engine = await product.reopen();
    expect(await alive(/sleep/)).toEqual([]);
    const journal = await engine.events(task.id, { limit: 100 });
    expect(journal.at(-1)).toMatchObject({
      type: "paused",
      reason: expect.stringMatching(/Goose was at work\. \d+ processes that it left running were ended/),
    });
    await engine.cancel(task.id);
  });

  test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("killed by %s", async (signal) => {
    const task = await product.add("write a");
    const cli = runInTerminal(task.id);
    await allSleep();
    const exited = new Promise((resolve) => cli.once("exit", resolve));
    cli.kill(signal);
    await exited;
    expect(await left()).toEqual([]);
    // Its lease would last for half a minute: that the process has ended counts more.
    await product.engine.stop(task.id);
    expect(await product.engine.get(task.id)).toMatchObject({ status: "stopped" });
    expect(product.worktrees).toEqual([]);
  });
});
