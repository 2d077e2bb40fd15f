import type { EngineDeps } from "./engineDeps.ts";
import type { TaskRun } from "./taskRun.ts";

/** Ends the runs, keeping their places, and then the workers, all within `gracefulShutdownMsTimeout`. */
export async function drain({ clock, settings, timers, workers }: EngineDeps, runs: readonly TaskRun[]): Promise<void> {
  const end = clock.now() + settings().gracefulShutdownMsTimeout;
  for (const run of runs) run.shutDown();
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = timers.after(end - clock.now(), resolve);
  await Promise.race([Promise.all(runs.map((run) => run.finished)), late]);
  timer.dispose();
  await workers.stop(Math.max(0, end - clock.now()));
}
