import { describe, expect, test } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import { parseArguments } from "../../../src/terminal/parseArguments.ts";

const plain = { json: false, color: "auto", verbosity: 0, settings: {} };

function failure(argv: readonly string[]): TaskMasterError {
  try {
    parseArguments(argv);
  } catch (error) {
    if (error instanceof TaskMasterError) return error;
  }
  throw new Error(`no error for ${argv.join(" ")}`);
}

test.each([
  [["list"], { command: { verb: "list" }, options: plain }],
  [["--json", "list"], { command: { verb: "list" }, options: { ...plain, json: true } }],
  [["list", "--json", "-C", "/x"], { command: { verb: "list" }, options: { ...plain, json: true, folder: "/x" } }],
  [["-C/x", "doctor", "-vv"], { command: { verb: "doctor" }, options: { ...plain, folder: "/x", verbosity: 2 } }],
  [["run"], { command: { verb: "run", select: "next", criteria: {} }, options: plain }],
  [["run", "--next"], { command: { verb: "run", select: "next", criteria: {} }, options: plain }],
  [["--all", "run"], { command: { verb: "run", select: "all", criteria: {} }, options: plain }],
  [["run", "a", "b", "a"], { command: { verb: "run", select: ["a", "b"], criteria: {} }, options: plain }],
  [
    ["run", "--tag", "night", "--tag=docs", "--min-priority", "HIGH", "--max-priority=critical"],
    {
      command: { verb: "run", select: "next", criteria: { requireTags: ["night", "docs"], minPriority: "high", maxPriority: "critical" } },
      options: plain,
    },
  ],
  [["logs", "-f", "a"], { command: { verb: "logs", id: "a", follow: true }, options: plain }],
  [["-vf", "logs", "a"], { command: { verb: "logs", id: "a", follow: true }, options: { ...plain, verbosity: 1 } }],
  [["run", "--all", "--concurrency", "4"], { command: { verb: "run", select: "all", criteria: {} }, options: { ...plain, settings: { poolSize: 4 } } }],
  [
    ["resume", "a", "--max-turns=7", "--max-minutes", "9", "--idle-minutes", "3"],
    { command: { verb: "resume", id: "a" }, options: { ...plain, settings: { maxTurns: 7, wallClockMinutes: 9, idleMinutes: 3 } } },
  ],
  [["run", "--push", "origin"], { command: { verb: "run", select: "next", criteria: {} }, options: { ...plain, settings: { pushRemote: "origin" } } }],
  [["say", "a", "Use tabs."], { command: { verb: "say", id: "a", text: "Use tabs." }, options: plain }],
  [["say", "a", "-"], { command: { verb: "say", id: "a", text: "-" }, options: plain }],
  [["pause", "a"], { command: { verb: "pause", id: "a" }, options: plain }],
  [["remove", "a"], { command: { verb: "remove", id: "a" }, options: plain }],
  [["depends", "a", "--on", "b", "--on=c", "--drop", "d"], { command: { verb: "depends", id: "a", on: ["b", "c"], drop: ["d"] }, options: plain }],
  [["help"], { command: { verb: "help" }, options: plain }],
  [["add", "--help"], { command: { verb: "help" }, options: plain }],
  [["--version"], { command: { verb: "version" }, options: plain }],
  [
    ["list", "--color=never", "--data-dir=/d", "--goose", "g"],
    { command: { verb: "list" }, options: { ...plain, color: "never", dataDirectory: "/d", goosePath: "g" } },
  ],
])("%j is understood", (argv, expected) => {
  expect(parseArguments(argv)).toEqual(expected);
});

test("add takes all its flags, on both sides of the title and with =", () => {
  const argv = [
    "--tag",
    "a",
    "add",
    "Fix it",
    "--tag=b",
    "--depends",
    "x",
    "--depends=y",
    "--accept",
    "npm test",
    "--priority",
    "HIGH",
    "--attempts",
    "3",
    "--prompt",
    "-",
  ];
  expect(parseArguments(argv).command).toEqual({
    verb: "add",
    title: "Fix it",
    prompt: "-",
    priority: "high",
    depends: ["x", "y"],
    tags: ["a", "b"],
    accept: ["npm test"],
    attempts: 3,
  });
});

test("-- ends the flags, and a value with = may begin with a dash", () => {
  expect(parseArguments(["add", "--prompt=--x=y", "--", "--title"]).command).toMatchObject({ title: "--title", prompt: "--x=y" });
});

describe("a mistake is named", () => {
  test.each([
    [[], /No verb/],
    [["frob"], /"frob"/],
    [["--frob", "list"], /--frob/],
    [["--frob=1", "list"], /--frob\./],
    [["list", "-x"], /-x/],
    [["list", "--all"], /list.*--all/],
    [["list", "extra"], /"extra"/],
    [["--json=1", "list"], /--json takes no value/],
    [["list", "-C"], /-C needs a value/],
    [["add", "x", "--prompt"], /--prompt needs a value/],
    [["add", "x", "--prompt", "--json"], /--prompt needs a value before --json/],
    [["add"], /title/],
    [["add", ""], /title is empty/],
    [["add", " \n"], /title is empty/],
    [["add", "x", "y"], /"y"/],
    [["add", "x", "--prompt="], /--prompt is empty/],
    [["add", "x", "--tag="], /--tag is empty/],
    [["add", "x", "--priority", "urgent"], /"urgent".*critical, high, medium, low/],
    [["add", "x", "--deadline", "tomorrow"], /"tomorrow"/],
    [["list", "--color", "blue"], /"blue"/],
    [["run", "--next", "--all"], /not both/],
    [["run", "--all", "a"], /not both/],
    [["run", "a", "--tag", "x"], /--tag goes with/],
    [["run", "--all", "--min-priority", "urgent"], /"urgent"/],
    [["list", "--tag", "x"], /list.*--tag/],
    [["show"], /id/],
    [["show", "a", "b"], /"b"/],
    [["list", "--goose="], /--goose is empty/],
    [["run", "--all", "--concurrency", "0"], /--concurrency.*1 to 16/],
    [["run", "--all", "--concurrency", "1.5"], /"1\.5"/],
    [["run", "--max-turns", "1e3"], /"1e3"/],
    [["run", "--push=--mirror"], /"--mirror"/],
    [["run", "--push", ""], /not the name/],
    [["run", "--concurrency", "2"], /--all/],
    [["list", "--max-turns", "3"], /list.*--max-turns/],
    [["add", "x", "--attempts", "21"], /--attempts.*1 to 20/],
  ])("%j", (argv, message) => {
    const error = failure(argv);
    expect(error.code).toBe("INVALID_INPUT");
    expect(error.message).toMatch(message);
  });
});
