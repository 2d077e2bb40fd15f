import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { throttle } from "../../../src/platform/throttle.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("throttle", () => {
  it("runs at once, then at most once per interval, and never loses the last request", () => {
    const times: number[] = [];
    const start = Date.now();
    const request = throttle(250, () => times.push(Date.now() - start));
    for (let i = 0; i < 100; i++) {
      request();
      vi.advanceTimersByTime(10);
    }
    vi.advanceTimersByTime(1_000);
    expect(times).toEqual([0, 250, 500, 750, 1_000]);
  });

  it("forgets what waits when it is disposed", () => {
    const run = vi.fn<() => void>();
    const request = throttle(250, run);
    request();
    request();
    request.dispose();
    vi.advanceTimersByTime(1_000);
    expect(run).toHaveBeenCalledTimes(1);
  });
});
