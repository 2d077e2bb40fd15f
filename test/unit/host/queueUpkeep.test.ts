import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Emitter } from "../../../src/base/event.ts";
import type { Logger } from "../../../src/engine/ports.ts";
import { changesPerBackup, QueueUpkeep, upkeepTimes } from "../../../src/host/queueUpkeep.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import { ManualClock } from "../../helpers/manualClock.ts";

const { first, tick, slice, day } = upkeepTimes;
let clock: ManualClock;
let calls: string[];
let damage: string | undefined;
let isQuiet: boolean;
let slices: number;
let backupError: Error | undefined;
let retentionDays: number;
let changes: Emitter<unknown>;
let upkeep: QueueUpkeep;

beforeEach(() => {
  clock = new ManualClock();
  calls = [];
  [damage, isQuiet, slices, backupError, retentionDays] = [undefined, true, 1, undefined, 30];
  changes = new Emitter();
  const log = Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, (text: string) => calls.push(`${level}: ${text}`)]));
  upkeep = new QueueUpkeep({
    clock,
    timers: clock,
    log: log as unknown as Logger,
    check: () => Promise.resolve(damage),
    backUp: (minAgeMs) => {
      calls.push(`back up ${minAgeMs === day ? "of the day" : minAgeMs}`);
      return backupError === undefined ? Promise.resolve() : Promise.reject(backupError);
    },
    compact: (endedBefore) => {
      calls.push(`compact ${(clock.now() - endedBefore) / day}`);
      return Promise.resolve(--slices <= 0);
    },
    onDamage: (what) => calls.push(`damaged: ${what}`),
    onDidChange: changes.event,
    isQuiet: () => isQuiet,
    retentionDays: () => retentionDays,
  });
});
afterEach(() => upkeep.dispose());

/** Moves time on and lets what was started end. */
async function pass(ms: number): Promise<string[]> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
  return calls.splice(0);
}

describe("upkeep", () => {
  it("does nothing while a short command is over", async () => expect(await pass(first - 1)).toEqual([]));

  it("backs up and shortens a while after the start, then once a day", async () => {
    expect(await pass(first)).toEqual(["back up of the day", "compact 30"]);
    expect(await pass(tick)).toEqual([]);
    expect([...(await pass(day)), ...(await pass(tick))].toSorted()).toEqual(["back up of the day", "compact 30"]);
  });

  it("backs up after many changes", async () => {
    await pass(first);
    for (let index = 0; index < changesPerBackup; index += 1) changes.fire(undefined);
    expect(await pass(tick)).toEqual(["back up 0"]);
    expect(await pass(tick)).toEqual([]);
  });

  it("shortens slice by slice, only while no task runs", async () => {
    [slices, isQuiet] = [3, false];
    expect(await pass(first)).toEqual(["back up of the day"]);
    isQuiet = true;
    expect(await pass(tick)).toEqual(["compact 30"]);
    expect(await pass(slice)).toEqual([expect.stringMatching(/^compact 30/)]);
    isQuiet = false;
    expect(await pass(slice)).toEqual([]);
    isQuiet = true;
    expect(await pass(tick)).toEqual(["compact 30"]);
  });

  it("keeps everything when it is told to", async () => {
    retentionDays = 0;
    expect(await pass(first)).toEqual(["back up of the day"]);
  });

  it("tells damage and makes no more backups of it", async () => {
    damage = "page 7";
    expect(await pass(first)).toEqual(["damaged: page 7"]);
    expect(await pass(day)).toEqual([]);
  });

  it("goes on after a full disk", async () => {
    backupError = new TaskMasterError("DISK_FULL", "full");
    expect(await pass(first)).toEqual(["back up of the day", "warn: the queue could not be looked after; trying again later"]);
    backupError = undefined;
    expect(await pass(tick)).toEqual(["compact 30"]);
    expect([...(await pass(day)), ...(await pass(tick))]).toContain("back up of the day");
  });

  it("ends when it is disposed", async () => {
    upkeep.dispose();
    expect(await pass(day)).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
