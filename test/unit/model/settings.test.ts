import { expect, test } from "vitest";
import { defaultSettings, parseSettings } from "../../../src/model/settings.ts";

test("nothing set means the defaults", () => {
  expect(parseSettings({})).toEqual({ settings: defaultSettings, problems: [] });
  expect(parseSettings({ goosePath: "", gitUserName: null })).toEqual({ settings: defaultSettings, problems: [] });
});

test.each([
  [{ poolSize: 0 }],
  [{ poolSize: 17 }],
  [{ poolSize: "2" }],
  [{ poolMode: "fork" }],
  [{ poolModules: "a.js" }],
  [{ branchPrefix: "../x" }],
  [{ branchPrefix: "-x/" }],
  [{ branchPrefix: "a/b/" }],
  [{ goosePath: 7 }],
  [{ maxAttempts: 1.5 }],
  [{ gracefulShutdownMsTimeout: -1 }],
])("a malformed setting keeps its default and is named: %j", (raw) => {
  const { settings, problems } = parseSettings(raw);
  expect(settings).toEqual(defaultSettings);
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(Object.keys(raw)[0]);
});

test("good settings beside a malformed one count", () => {
  expect(parseSettings({ poolSize: 4, maxTurns: "many" }).settings).toMatchObject({ poolSize: 4, maxTurns: defaultSettings.maxTurns });
});
