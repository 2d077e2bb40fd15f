/** What a task's commands leave behind without the run's marker, and what of a user's own processes must not be taken for it. Linux only. */
import { spawn, execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { gooseCheck } from "../../src/worker/handlers/gooseCheck.ts";
import { verifyRun } from "../../src/worker/handlers/verifyRun.ts";
import { killMarked, newMarker } from "../../src/worker/process/marker.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { byPrompt } from "../helpers/modelServer.ts";
import { createTempDir, type TempDir } from "../helpers/tempRepo.ts";
import { goosePlace, TestContext } from "../unit/worker/gooseFixture.ts";

const isAlive = async (pid: number): Promise<boolean> => {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && !/\) Z /.test(stat);
};
const pidOf = (file: string): number => Number(readFileSync(file, "utf8").trim());

/** Leaves its process id in the file named; everything else about it is cleaned away. */
const escape = (file: string): string => `(env -i setsid sh -c 'echo $$ > "${file}"; exec sleep 7733' >/dev/null 2>&1 &); until test -s "${file}"; do :; done`;

describe.runIf(process.platform === "linux")("a command that cleans its environment and leaves its session", () => {
  test("of Goose", async () => {
    const call = { name: "shell", arguments: { command: escape("pid.txt") } };
    const place = await goosePlace(
      byPrompt([
        [
          "Do the task",
          [
            { kind: "tools", calls: [call] },
            { kind: "text", text: "Done." },
          ],
        ],
      ]),
    );
    await place.run(new TestContext());
    expect(await isAlive(pidOf(path.join(place.repo.dir, "pid.txt")))).toBe(false);
  });

  test("of an acceptance check, in the worktree or in the temporary folder", async () => {
    const place = await goosePlace();
    const [first, second] = [path.join(place.home.dir, "first"), path.join(place.home.dir, "second")];
    const commands = [`mkdir deep && cd deep && ${escape(first)}`, `cd "$TMPDIR" && ${escape(second)}`];
    await verifyRun({ run: "task0001-1", worktree: place.repo.dir, tmpDir: path.join(place.home.dir, "tmp"), commands, timeoutMs: 20_000 }, new TestContext());
    expect([await isAlive(pidOf(first)), await isAlive(pidOf(second))]).toEqual([false, false]);
  });

  test("a check of the set-up looks for none in the user's own folder", async () => {
    const place = await goosePlace();
    const begun = gooseCheck({ goose: { path: gooseBinary() }, provider: true, cwd: place.repo.dir }, new TestContext());
    const orphan = await startOrphan(place.repo.dir);
    await begun;
    expect(await isAlive(orphan)).toBe(true);
    process.kill(orphan, "SIGKILL");
  });
});

describe.runIf(process.platform === "linux")("who stands in the worktree", () => {
  let folder: TempDir;
  let pids: number[];
  beforeEach(() => {
    folder = createTempDir("task-master-strays-");
    pids = [];
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const pid of pids) process.kill(pid, "SIGKILL");
    folder.dispose();
  });

  const orphan = async (options: { readonly cwd?: string; readonly env?: string } = {}): Promise<number> => {
    const pid = await startOrphan(options.cwd ?? folder.dir, options.env);
    pids.push(pid);
    return pid;
  };
  const survivors = async (): Promise<number[]> => {
    const alive = await Promise.all(pids.map(isAlive));
    pids = pids.filter((_pid, index) => alive[index]);
    return pids;
  };

  test("an orphan that began during the run is ended, with its children wherever they are", async () => {
    const mark = newMarker("one-1");
    await orphan();
    const file = path.join(folder.dir, "child");
    await orphan({ env: `sh -c '(cd /; exec sleep 7734) & echo $! > "${file}"; wait'` });
    pids.push(await waitFor(() => pidOf(file), { what: "the child" }));
    await killMarked(mark, [folder.dir]);
    expect(pids).toHaveLength(3);
    await waitFor(async () => (await survivors()).length === 0, { what: "the end of the orphans", timeoutMs: 2_000 });
  });

  test("everybody else lives on", async () => {
    vi.stubEnv("DISPLAY", ":77");
    const early = await orphan();
    await nextTick();
    const mark = newMarker("two-1");
    const child = spawn("sleep", ["7733"], { cwd: folder.dir, env: {}, stdio: "ignore" });
    pids.push(child.pid as number);
    mkdirSync(path.join(folder.dir, "task"));
    const beside = await orphan();
    const own = await orphan({ cwd: path.join(folder.dir, "task"), env: "DISPLAY=:77" });
    await killMarked(mark, [path.join(folder.dir, "task")]);
    expect(await survivors()).toEqual([early, child.pid, beside, own]);
    await killMarked(newMarker("three-1"), [folder.dir]);
    expect(await survivors()).toHaveLength(4);
  });
});

/** A process whose parent is gone, with nothing in its environment but what is given (or another command in place of sleep). */
async function startOrphan(cwd: string, env = ""): Promise<number> {
  const { stdout } = await promisify(execFile)("sh", ["-c", `env -i ${env} ${env.startsWith("sh ") ? "" : "setsid sleep 7733"} >/dev/null 2>&1 & echo $!`], {
    cwd,
  });
  return Number(stdout);
}

/** Processes' starts are known to a hundredth of a second. */
async function nextTick(): Promise<void> {
  const now = (): string => readFileSync("/proc/uptime", "utf8");
  const before = now();
  await waitFor(() => now() !== before, { what: "the next tick of the clock" });
}
