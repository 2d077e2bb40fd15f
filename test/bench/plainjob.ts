import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { cacheFolder, npmInstall } from "../helpers/npm.ts";
import type { QueueSide } from "./queueSides.ts";

/** The pinned versions; better-sqlite3 comes with its native module for the common platforms. */
const packages = ["plainjob@0.0.14", "better-sqlite3@13.2.0"];
const folderName = packages.join("-").replaceAll("@", "-");

/** The part of plainjob that is measured. */
interface PlainjobQueue {
  add(type: string, data: unknown): { id: number };
  getAndMarkJobAsProcessing(type: string): { id: number } | undefined;
  getJobById(id: number): { data: string } | undefined;
  markJobAsDone(id: number): void;
  close(): void;
}

interface Plainjob {
  better(database: object): object;
  defineQueue(options: { connection: object; logger: object }): PlainjobQueue;
}

const type = "task";

/**
 * plainjob on its own database, at NORMAL as it sets itself: a job is claimed, read and marked as done, as its worker does.
 * It is installed once for a machine, outside the repository; undefined when that fails (then `say` tells why).
 */
export async function openPlainjob(file: string, say: (line: string) => void): Promise<QueueSide | undefined> {
  try {
    const load = createRequire(join(await install(say), "package.json"));
    const plainjob = load("plainjob") as Plainjob;
    const Database = load("better-sqlite3") as new (path: string) => object;
    const silent = (): void => undefined;
    const logger = { error: silent, warn: silent, info: silent, debug: silent };
    return sideOf(plainjob.defineQueue({ connection: plainjob.better(new Database(file)), logger }));
  } catch (error) {
    say(`plainjob is not available: ${error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error)}`);
    return undefined;
  }
}

function sideOf(queue: PlainjobQueue): QueueSide {
  return {
    enqueue: (input) => void queue.add(type, input),
    work: () => {
      const claimed = queue.getAndMarkJobAsProcessing(type);
      if (claimed === undefined || queue.getJobById(claimed.id) === undefined) throw new Error("plainjob gave no job");
      queue.markJobAsDone(claimed.id);
    },
    close: () => queue.close(),
  };
}

/** Made in a sibling folder and renamed, so that a half-made installation is never used. */
async function install(say: (line: string) => void): Promise<string> {
  const folder = join(cacheFolder(), folderName);
  if (existsSync(folder)) return folder;
  say(`installing ${packages.join(" and ")}`);
  await mkdir(cacheFolder(), { recursive: true });
  const draft = await mkdtemp(`${folder}.`);
  try {
    await npmInstall(draft, packages);
    await rename(draft, folder);
    return folder;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}
