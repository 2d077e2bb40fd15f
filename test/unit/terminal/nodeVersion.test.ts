import path from "node:path";
import { expect, test } from "vitest";
import { findNode, hasSqlite, isNewEnough, runWith, sqliteMissing } from "../../../src/terminal/nodeVersion.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";

test.each([
  ["20.20.2", false],
  ["22.12.0", false],
  ["22.13.0", true],
  ["v24.1.0", true],
  ["", false],
])("node:sqlite in %s: %s", (version, expected) => {
  expect(isNewEnough(version)).toBe(expected);
});

test("this Node has node:sqlite", () => {
  expect(hasSqlite()).toBe(true);
});

test("a new enough Node is found inside or beside the package", () => {
  using folder = createTempDir();
  const root = path.join(folder.dir, "node_modules", "task-master-goose");
  expect(findNode(root, "linux")).toBeUndefined();
  folder.write("node_modules/node/package.json", '{"version":"24.0.0"}');
  const beside = folder.write("node_modules/node/bin/node", "");
  expect(findNode(root, "linux")).toBe(beside);
  folder.write("node_modules/task-master-goose/node_modules/node/package.json", '{"version":"20.0.0"}');
  folder.write("node_modules/task-master-goose/node_modules/node/bin/node", "");
  expect(findNode(root, "linux")).toBe(beside);
  folder.write("node_modules/task-master-goose/node_modules/node/package.json", '{"version":"22.13.1"}');
  expect(findNode(root, "linux")).toBe(path.join(root, "node_modules", "node", "bin", "node"));
});

test("the other process's end is known", async () => {
  expect(await runWith(process.execPath, ["-e", "process.exit(7)"])).toEqual({ code: 7, signal: null });
  expect(await runWith(process.execPath, ["-e", "process.kill(process.pid, 'SIGKILL')"])).toEqual({ code: null, signal: "SIGKILL" });
  await expect(runWith("/no/such/node", [])).rejects.toThrow(/ENOENT/);
  expect(process.listenerCount("SIGHUP")).toBe(0);
});

test("the missing module is named for people and programs", () => {
  expect(sqliteMissing("20.1.0", false)).toMatch(/Node 20\.1\.0.*22\.13/);
  expect(JSON.parse(sqliteMissing("20.1.0", true))).toMatchObject({ v: 1, type: "error", seq: 1, code: "SQLITE_MISSING" });
});
