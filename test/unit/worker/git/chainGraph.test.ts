import { describe, expect, it } from "vitest";
import { describeChain, type ChainCommit } from "../../../../src/worker/git/chainGraph.ts";

/** Commits as "id": "parents of taskId". */
function commits(given: Readonly<Record<string, readonly [taskId: string, ...parents: string[]]>>): Map<string, ChainCommit> {
  return new Map(Object.entries(given).map(([id, [taskId, ...parents]]) => [id, { taskId, parents }]));
}

describe("branches with the same head", () => {
  it("of which one is the other's copy start from the first by name", () => {
    const { branches, chains, isValid } = describeChain(
      {
        heads: new Map([
          ["b", "1"],
          ["a", "1"],
        ]),
        commits: commits({ 1: ["task1", "user"] }),
      },
      [],
    );
    expect(branches).toEqual([
      { branch: "b", head: "1", startsFrom: ["a"], commits: 0, taskId: "task1" },
      { branch: "a", head: "1", startsFrom: [], commits: 1, taskId: "task1" },
    ]);
    expect(chains).toEqual([["a", "b"]]);
    expect(isValid).toBe(true);
  });

  it("without a commit of their own stand for themselves", () => {
    const found = describeChain(
      {
        heads: new Map([
          ["a", "user"],
          ["b", "user"],
        ]),
        commits: commits({}),
      },
      [],
    );
    expect(found).toEqual({
      isValid: true,
      branches: ["a", "b"].map((branch) => ({ branch, head: "user", startsFrom: [], commits: 0 })),
      chains: [["a"], ["b"]],
      divergences: [],
      missing: [],
    });
  });
});

it("a commit that Goose made itself belongs to no task and misses none", () => {
  const found = describeChain({ heads: new Map([["a", "2"]]), commits: commits({ 2: ["task1", "1"], 1: ["", "user"] }) }, []);
  expect(found.missing).toEqual([]);
  expect(found.branches).toEqual([{ branch: "a", head: "2", startsFrom: [], commits: 2, taskId: "task1" }]);
});

it("of branches that fork and join again and again not more than a thousand ways are told", () => {
  const heads = new Map<string, string>([["s0", "s0"]]);
  const all: Record<string, readonly [string, ...string[]]> = { s0: ["t"] };
  for (let level = 1; level <= 11; level++) {
    for (const side of ["l", "r"]) {
      heads.set(`${side}${level}`, `${side}${level}`);
      all[`${side}${level}`] = ["t", `s${level - 1}`];
    }
    heads.set(`s${level}`, `s${level}`);
    all[`s${level}`] = ["t", `l${level}`, `r${level}`];
  }
  const { chains } = describeChain({ heads, commits: commits(all) }, []);
  expect(chains).toHaveLength(1_000); // of 2 to the power of 11
});
