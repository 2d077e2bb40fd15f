/** Nothing of a task lives on when what drives it dies, however it dies. */
import { spawn } from "node:child_process";
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
  product = await ProductEngine.open({ script: sequence([escape]), settings: { gracefulShutdownMsTimeout: 0 } });
});
afterEach(() => product.close());

const alive = async (what: RegExp): Promise<number[]> =>
  (await processesWithMarker(product.home.dir)).filter(({ args }) => what.test(args)).map(({ pid }) => pid);
const allSleep = (): Promise<unknown> => waitFor(async () => (await alive(/^sleep 61[1-4]$/)).length === 4, { what: "the four commands" });

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

  test.each(["SIGKILL", "SIGTERM", "SIGINT"] as const)("killed by %s", async (signal) => {
    const task = await product.add("write a");
    const env = { PATH: process.env["PATH"] ?? "", HOME: product.home.dir, GOOSE_BINARY: gooseBinary(), ...product.model.env };
    const cli = spawn(process.execPath, [`${built.dir}/dist/cli.cjs`, "-C", product.repo.dir, "run", task.id], { env, stdio: "ignore" });
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
