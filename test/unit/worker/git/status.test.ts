import { describe, expect, it } from "vitest";
import { parseStatus } from "../../../../src/worker/git/status.ts";

const sha = "a".repeat(40);
const record = (sides: string, file: string): string => `1 ${sides} N... 100644 100644 100644 ${sha} ${sha} ${file}`;

describe("parseStatus", () => {
  it("reads head, changes on either side and untracked paths with any name", () => {
    const records = [`# branch.oid ${sha}`, "# branch.head tm/1", "# stash 1", record(".M", "a b"), record("A.", "1 .M\n"), "? new\nline", "? clone/"];
    expect(parseStatus(records)).toEqual({ head: sha, changed: ["a b", "1 .M\n"], untracked: ["new\nline", "clone/"], isPlain: true });
  });

  it("has no head before the first commit", () => {
    expect(parseStatus(["# branch.oid (initial)"])).not.toHaveProperty("head");
  });

  it.each([record("MM", "a"), record("AD", "a"), `u UU N... 100644 100644 100644 100644 ${sha} ${sha} ${sha} a`, `2 R. N... x`])(
    "does not vouch for %j",
    (text) => {
      expect(parseStatus([text]).isPlain).toBe(false);
    },
  );
});
