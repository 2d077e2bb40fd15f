import { describe, expect, test } from "vitest";
import type { Verification } from "../../../src/engine/looper.ts";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import type { CommandCheck, LeasedTask, Workspace } from "../../../src/engine/ports.ts";
import { createWorkCheck, judge, saysNothingToChange } from "../../../src/engine/verification.ts";

const answer = (finalMessage: string): { sessionId: string; finalMessage: string } => ({ sessionId: "s", finalMessage });
const claim = "NOTHING TO CHANGE: it is there already.";
const ended = (exitCode: number, timedOut = false): CommandCheck => ({ command: "npm test", exitCode, outputTail: "1 failed", timedOut });

test.each([
  claim,
  "  nothing to change: it is there already.",
  "**NOTHING TO CHANGE:** it is there already.",
  "# NOTHING TO CHANGE\n: the file is there",
  "NOTHING TO CHANGE — it is there already.",
  'NOTHING TO CHANGE: "hello.txt" is there already.',
])("the claim: %s", (message) => {
  expect(saysNothingToChange(message)).toBe(true);
});

test.each([
  "",
  "Done.",
  `I looked at it. ${claim}`,
  `First line.\n${claim}`,
  'If it truly needs no change of any file, begin your last message with "NOTHING TO CHANGE:" and say why.',
  '"NOTHING TO CHANGE:" does not hold here, so I went on.',
  "> NOTHING TO CHANGE: quoted",
  "`NOTHING TO CHANGE:` is what I would say",
  "NOTHING TO CHANGE",
  "NOTHING TO CHANGE:",
  "NOTHING TO CHANGE: ...",
  "Nothing to change in the tests was found, so I changed the source",
  "THERE IS NOTHING TO CHANGE: no",
])("no claim: %s", (message) => {
  expect(saysNothingToChange(message)).toBe(false);
});

describe("the verdict", () => {
  test("needs a change or the claim", () => {
    expect(judge(answer("Done."), [], [])).toMatchObject({ ok: false, message: expect.stringContaining("Say in the text of the task") });
    expect(judge(answer("Done."), ["a.txt"], [])).toEqual({ ok: true, summary: "Done." });
    expect(judge(answer(claim), [], [])).toEqual({ ok: true, summary: claim });
    expect(judge(answer("Done."), [], [ended(0)])).toMatchObject({ ok: false });
  });

  test("words that the files contradict count only when commands settle it", () => {
    expect(judge(answer(claim), ["a.txt"], [])).toMatchObject({ ok: false, message: expect.stringContaining("it changed a.txt.") });
    expect(judge(answer(claim), ["a.txt"], [ended(0)])).toMatchObject({ ok: true });
    const many = Array.from({ length: 25 }, (_, index) => `${index}.txt`);
    expect(judge(answer(claim), many, [])).toMatchObject({ message: expect.stringContaining("9.txt and 15 more") });
  });

  test.each([
    [ended(1), /npm test" ended with exit code 1\. Look at its output/],
    [ended(126), /exit code 126: a program is not executable\. Make it executable/],
    [ended(127), /exit code 127: a program was not found\. Install the program/],
    [ended(137, true), /did not end in time\. It has 15 minutes.*make it faster/],
  ])("of a command says what happened and what to do: %o", (check, message) => {
    for (const words of ["Done.", claim]) {
      expect(judge(answer(words), ["a.txt"], [ended(0), check])).toMatchObject({
        ok: false,
        message: expect.stringMatching(message),
        feedback: expect.stringContaining("1 failed"),
      });
    }
  });
});

describe("the check", () => {
  const leased = {} as LeasedTask;
  const options = { signal: new AbortController().signal };

  /** A check in a worktree whose files and commands the test decides. */
  function checked(world: { files: string[]; run: () => CommandCheck }): {
    verdict: (words: string) => Promise<Verification>;
    told: readonly WorkerEventBody[];
    verify: (words: string, of?: LeasedTask) => Promise<boolean>;
    runs: () => number;
  } {
    let runs = 0;
    const check = createWorkCheck({
      git: { changes: () => Promise.resolve([...world.files]) },
      verifier: { runCommands: () => Promise.resolve((runs++, [world.run()])) },
    });
    const told: WorkerEventBody[] = [];
    const verdict = (words: string): Promise<Verification> =>
      check(leased, {} as Workspace, answer(words), { ...options, onEvents: (events) => told.push(...events) });
    return { verdict, told, verify: async (words, of = leased) => (await check(of, {} as Workspace, answer(words), options)).ok, runs: () => runs };
  }

  test("runs no command for work that does not exist", async () => {
    const { verify, runs } = checked({ files: [], run: () => ended(0) });
    expect(await verify("Done.")).toBe(false);
    expect(runs()).toBe(0);
    expect(await verify(claim)).toBe(true);
  });

  test("commands that take all the work back, however well they end, prove nothing", async () => {
    const world = { files: ["a.txt", "b.txt"], run: () => ((world.files = ["report.txt"]), ended(0)) };
    const { verdict, told } = checked(world);
    expect(await verdict("Done.")).toEqual({
      ok: false,
      message: expect.stringMatching(/took back all that Goose had changed \(a\.txt, b\.txt\).*then Retry the task/) as string,
    });
    expect(told).toEqual([]);
  });

  test("where nothing was to change, nobody asks what the commands left", async () => {
    const gone = (): Promise<never> => Promise.reject(new Error("asked again"));
    const looks = [() => Promise.resolve([]), gone];
    const check = createWorkCheck({
      git: { changes: () => (looks.shift() ?? gone)() },
      verifier: { runCommands: () => Promise.resolve([ended(0)]) },
    });
    expect(await check(leased, {} as Workspace, answer(claim), options)).toEqual({ ok: true, summary: claim });
  });

  test("what commands take back of the work is told", async () => {
    const world = { files: ["a.txt", "b.txt"], run: () => ((world.files = ["a.txt"]), ended(0)) };
    const { verdict, told } = checked(world);
    expect(await verdict("Done.")).toEqual({ ok: true, summary: "Done." });
    expect(told).toEqual([{ type: "log", level: "warn", message: "Not committed, because the acceptance commands took it back: b.txt" }]);
  });

  test("what a command wrote before it failed is no change in the next round; what the agent does besides is", async () => {
    const world = { files: ["a.txt"], run: () => (world.files.push("report.txt"), ended(1)) };
    const { verify } = checked(world);
    expect(await verify("Done.")).toBe(false);
    world.files = ["report.txt"];
    world.run = () => ended(0);
    expect(await verify("Done.")).toBe(false);
    // Another attempt knows nothing of it.
    expect(await verify("Done.", { ...leased })).toBe(true);
    world.files = ["b.txt", "report.txt"];
    expect(await verify("Done.")).toBe(true);
  });
});
