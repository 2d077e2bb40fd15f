import { describe, expect, test } from "vitest";
import { makeTask } from "../../../src/engine/newTask.ts";
import { backoffMs, classOf, longestWaitMs, nextRetry } from "../../../src/engine/retryPolicy.ts";
import { errorClasses, isSetupError, retryPolicies, type ErrorClass } from "../../../src/model/errorClasses.ts";
import { errorCodes, TaskMasterError, type ErrorCode } from "../../../src/model/errors.ts";
import type { Task } from "../../../src/model/task.ts";

const now = 1_000_000;
const hour = 3_600_000;
const most = (): number => 1;
const least = (): number => 0;

function task(fields: Partial<Task> = {}): Task {
  return { ...makeTask({ title: "t" }, { now, random: Math.random, repository: "/r", maxAttempts: 3 }), attempts: 1, ...fields };
}

const passing = (code: ErrorCode, retryAt?: number): TaskMasterError =>
  new TaskMasterError(code, "it broke", { retryable: true, ...(retryAt === undefined ? {} : { retryAt }) });

describe("classes", () => {
  test.each(errorCodes)("%s has one, and its policy makes sense", (code) => {
    const policy = retryPolicies[errorClasses[code]];
    expect(policy.tries).toBeGreaterThanOrEqual(1);
    expect(policy.maxDelayMs).toBeGreaterThanOrEqual(policy.firstDelayMs);
    expect(policy.maxDelayMs).toBeLessThanOrEqual(longestWaitMs);
  });

  test.each(["setup", "authentication", "credits", "refused", "input"] as const)("%s is never tried again", (errorClass) => {
    const codes = errorCodes.filter((code) => errorClasses[code] === errorClass);
    expect(codes.length).toBeGreaterThan(0);
    for (const code of codes) expect(nextRetry(task(), passing(code), now, most), code).toBeUndefined();
  });

  test("what every other task would meet too stops the queue", () => {
    const stopping = (Object.keys(retryPolicies) as ErrorClass[]).filter((name) => retryPolicies[name].whenFinal === "stop the queue");
    expect(stopping).toEqual(["credits", "authentication", "storage", "setup"]);
    expect(errorCodes.filter(isSetupError)).toEqual(errorCodes.filter((code) => ["setup", "storage"].includes(errorClasses[code])));
  });
});

describe("backoff", () => {
  test.each([
    ["GOOSE_NETWORK", [10, 20, 40, 80, 160, 320, 640, 900, 900]],
    ["GOOSE_PROVIDER", [30, 60, 120, 240, 480, 960, 1800, 1800]],
    ["GOOSE_EXITED", [10, 20, 40, 80]],
    ["VERIFICATION_FAILED", [5, 10]],
    ["GIT_FAILED", [2, 4, 8, 16]],
    ["WORKER_FAILED", [5, 10]],
  ] as const)("%s waits %j seconds, then no more", (code, seconds) => {
    const delays = seconds.map((_, index) => nextRetry(task({ attempts: index + 1, maxAttempts: 100 }), passing(code), now, most));
    expect(delays).toEqual(seconds.map((delay) => ({ at: now + delay * 1_000, isFree: false })));
    const { tries } = retryPolicies[errorClasses[code]];
    expect(nextRetry(task({ attempts: tries, maxAttempts: 100 }), passing(code), now, most)).toBeUndefined();
  });

  test("the upper half of a delay is left to chance, and it never overflows", () => {
    const policy = retryPolicies.network;
    for (let failures = 0; failures < 5_000; failures++) {
      const [shortest, longest] = [backoffMs(policy, failures, least), backoffMs(policy, failures, most)];
      expect(shortest).toBe(longest / 2);
      expect(longest).toBeLessThanOrEqual(policy.maxDelayMs);
    }
  });

  test("the task's own tries end it, and those that were free do not count", () => {
    expect(nextRetry(task({ attempts: 3 }), passing("GOOSE_NETWORK"), now, most)).toBeUndefined();
    expect(nextRetry(task({ attempts: 5, freeAttempts: 3 }), passing("GOOSE_NETWORK"), now, most)).toEqual({ at: now + 20_000, isFree: false });
    expect(nextRetry(task({ attempts: 6, freeAttempts: 3 }), passing("GOOSE_NETWORK"), now, most)).toBeUndefined();
  });

  test("an error that cannot pass is not tried again, whatever its class", () => {
    expect(nextRetry(task(), new TaskMasterError("GOOSE_PROVIDER", "404"), now, most)).toBeUndefined();
    expect(nextRetry(task(), new TaskMasterError("STORE_CORRUPT", "damaged"), now, most)).toBeUndefined();
  });
});

describe("a limit", () => {
  test("waits until its reset and costs no try, also of a task without any left", () => {
    expect(nextRetry(task({ attempts: 9, maxAttempts: 1 }), passing("GOOSE_RATE_LIMIT", now + 5_000), now, most)).toEqual({ at: now + 5_000, isFree: true });
  });

  test.each([
    ["no word", undefined],
    ["the past", now - 1],
    ["now", now],
    ["no number", Number.NaN],
    ["never", Infinity],
  ])("with %s for a reset it waits by itself", (_what, retryAt) => {
    expect(nextRetry(task(), passing("GOOSE_RATE_LIMIT", retryAt), now, most)).toEqual({ at: now + 60_000, isFree: true });
  });

  test("is believed for a day at most", () => {
    expect(nextRetry(task(), passing("GOOSE_RATE_LIMIT", now + 100 * hour), now, most)?.at).toBe(now + 24 * hour);
  });

  test("credits that come back are a limit, others are not", () => {
    const credits = new TaskMasterError("GOOSE_CREDITS", "none left", { retryAt: now + hour });
    expect(classOf(credits)).toBe("limit");
    expect(nextRetry(task(), credits, now, most)).toEqual({ at: now + hour, isFree: true });
    expect(classOf(passing("GOOSE_CREDITS"))).toBe("credits");
    // On other errors the time says nothing.
    expect(nextRetry(task(), passing("GOOSE_NETWORK", now + hour), now, most)?.at).toBe(now + 10_000);
  });
});

test("a full disk waits without costing a try", () => {
  expect(nextRetry(task({ attempts: 50, maxAttempts: 1 }), passing("DISK_FULL"), now, most)).toEqual({ at: now + 15 * 60_000, isFree: true });
});
