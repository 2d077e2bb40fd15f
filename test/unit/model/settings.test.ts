import { expect, test } from "vitest";
import { defaultSettings, parseSettings } from "../../../src/model/settings.ts";

test("nothing set means the defaults", () => {
  expect(parseSettings({})).toEqual({ settings: defaultSettings, problems: [] });
  expect(parseSettings({ goosePath: "", gitAuthor: null })).toEqual({ settings: defaultSettings, problems: [] });
});

test.each([
  [{ poolSize: 0 }],
  [{ poolSize: 17 }],
  [{ poolSize: "2" }],
  [{ poolMode: "fork" }],
  [{ poolModules: "a.js" }],
  [{ branchPrefix: "../x" }],
  [{ branchPrefix: "-x/" }],
  [{ pushRemote: "--mirror" }],
  [{ pushRemote: "https://127.0.0.1/x" }],
  [{ branchPrefix: "a/b/" }],
  [{ goosePath: 7 }],
  [{ maxAttempts: 1.5 }],
  [{ gracefulShutdownMsTimeout: -1 }],
])("a malformed setting keeps its default and is named: %j", (raw) => {
  const { settings, problems } = parseSettings(raw);
  expect(settings).toEqual(defaultSettings);
  expect(problems).toHaveLength(1);
});

test("a malformed setting is named as the user knows it; one that only the terminal has, by its own name", () => {
  expect(parseSettings({ poolSize: 0 }).problems[0]).toMatch(/^taskMaster\.workerPool\.size must be/);
  expect(parseSettings({ gracefulShutdownMsTimeout: -1 }).problems[0]).toMatch(/^taskMaster\.gracefulShutdownMsTimeout must be/);
  expect(parseSettings({ poolMode: "fork" }).problems[0]).toMatch(/^poolMode must be/);
});

test("good settings beside a malformed one count", () => {
  expect(parseSettings({ poolSize: 4, maxTurns: "many" }).settings).toMatchObject({ poolSize: 4, maxTurns: defaultSettings.maxTurns });
});
