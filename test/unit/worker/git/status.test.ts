import { describe, expect, it } from "vitest";
import { parseStatus } from "../../../../src/worker/git/status.ts";

const sha = "a".repeat(40);
const record = (sides: string, file: string): string => `1 ${sides} N... 100644 100644 100644 ${sha} ${sha} ${file}`;

describe("parseStatus", () => {
  it("reads head, changes on either side and untracked paths with any name", () => {
    const records = [
      `# branch.oid ${sha}`,
      "# branch.head tm/1",
      "# stash 1",
      record(".M", "a b"),
      record("A.", "1 .M\n"),
      record(".D", "c"),
      "? new\nline",
      "? clone/",
    ];
    expect(parseStatus(records)).toEqual({
      head: sha,
      branch: "tm/1",
      changed: ["a b", "1 .M\n", "c"],
      unstaged: ["a b"],
      gone: ["c"],
      untracked: ["new\nline", "clone/"],
      isPlain: true,
    });
  });

  it("has no head before the first commit and no branch when detached", () => {
    const found = parseStatus(["# branch.oid (initial)", "# branch.head (detached)"]);
    expect([found.head, found.branch]).toEqual([undefined, undefined]);
  });

  it.each([[record("MM", "a")], [record("AD", "a")], [`u UU N... 100644 100644 100644 100644 ${sha} ${sha} ${sha} a`], [record("D.", "a"), "? a"]])(
    "does not vouch for %j",
    (...records) => {
      const { changed, isPlain } = parseStatus(records);
      expect([changed, isPlain]).toEqual([["a"], false]);
    },
  );

  it.each(["2 R. N... x", "3 a", ""])("refuses %j", (text) => {
    expect(() => parseStatus([text])).toThrow(expect.objectContaining({ code: "GIT_FAILED" }) as Error);
  });
});
