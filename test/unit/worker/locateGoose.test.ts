import { chmodSync, mkdirSync, symlinkSync } from "node:fs";
import path from "node:path";
import { beforeEach, expect, test } from "vitest";
import { locateGoose } from "../../../src/worker/goose/locateGoose.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";
import { rejection } from "./gooseFixture.ts";

let folder: TempDir;
let workspace: string;

beforeEach(() => {
  folder = createTempDir();
  workspace = path.join(folder.dir, "workspace");
  mkdirSync(workspace);
  return () => folder.dispose();
});

function program(file: string, mode = 0o755): string {
  const created = folder.write(file, "");
  chmodSync(created, mode);
  return created;
}

test("the setting wins, then GOOSE_BINARY, then the PATH, then the usual folders", async () => {
  const [setting, variable, onPath, usual] = [program("s/mine"), program("v/other"), program("p/goose"), program(".local/bin/goose")];
  const all = { GOOSE_BINARY: variable, PATH: path.dirname(onPath), HOME: folder.dir };
  expect(await locateGoose({ setting, env: all, workspace })).toBe(setting);
  expect(await locateGoose({ setting: "~/s/mine", env: all, workspace })).toBe(setting);
  expect(await locateGoose({ setting: " ", env: all, workspace })).toBe(variable);
  expect(await locateGoose({ env: { ...all, GOOSE_BINARY: "" }, workspace })).toBe(onPath);
  expect(await locateGoose({ env: { HOME: folder.dir }, workspace })).toBe(usual);
});

test("where no home is known, only the PATH and the system's folders are searched", async () => {
  program(".local/bin/goose");
  const onPath = program("p/goose");
  expect(await locateGoose({ env: { PATH: path.dirname(onPath), HOME: "relative" }, workspace })).toBe(onPath);
  expect(await locateGoose({ env: { USERPROFILE: folder.dir }, workspace })).toBe(path.join(folder.dir, ".local/bin/goose"));
  // Everything of this machine is in the workspace "/", so nothing of it is found.
  const { code, details } = await rejection(locateGoose({ env: { PATH: undefined, HOME: "relative" }, workspace: "/" }));
  expect(code).toBe("GOOSE_NOT_FOUND");
  expect(details).not.toContain("relative");
});

test("a wrong wish is told and nothing else is taken", async () => {
  const env = { PATH: path.dirname(program("p/goose")), HOME: folder.dir };
  expect(await rejection(locateGoose({ setting: "/no/such/goose", env, workspace }))).toMatchObject({
    code: "GOOSE_NOT_FOUND",
    message: expect.stringContaining("/no/such/goose"),
  });
  expect(await rejection(locateGoose({ setting: "bin/goose", env, workspace }))).toMatchObject({
    code: "GOOSE_NOT_FOUND",
    message: expect.stringContaining("absolute"),
  });
  expect(await rejection(locateGoose({ setting: program("s/plain", 0o644), env, workspace }))).toMatchObject({ code: "GOOSE_NOT_EXECUTABLE" });
  expect(await rejection(locateGoose({ setting: folder.dir, env, workspace }))).toMatchObject({ code: "GOOSE_NOT_EXECUTABLE" });
  expect(await rejection(locateGoose({ env: { ...env, GOOSE_BINARY: "/no/such/goose" }, workspace }))).toMatchObject({
    code: "GOOSE_NOT_FOUND",
    message: expect.stringContaining("GOOSE_BINARY"),
  });
});

test("nothing from the workspace, its repository or the current folder", async () => {
  program("workspace/bin/goose");
  program("repository/bin/goose");
  folder.write("workspace/.git", `gitdir: ${folder.dir}/repository/.git/worktrees/one\n`);
  const linked = path.join(folder.dir, "linked");
  mkdirSync(linked);
  symlinkSync(path.join(workspace, "bin/goose"), path.join(linked, "goose"));
  const good = program("good/goose");
  const evil = [path.join(workspace, "bin"), path.join(folder.dir, "repository/bin"), linked, ".", "", "bin"];
  const env = { PATH: [...evil, path.dirname(good)].join(path.delimiter), HOME: "/nowhere" };
  expect(await locateGoose({ env, workspace })).toBe(good);
  for (const place of evil.slice(0, 3))
    expect(await rejection(locateGoose({ setting: path.join(place, "goose"), env, workspace }))).toMatchObject({ code: "GOOSE_NOT_FOUND" });
});

test("nothing found: says where it looked and what to do", async () => {
  const error = await rejection(locateGoose({ env: { PATH: folder.dir, HOME: "/nowhere" }, workspace }));
  expect(error).toMatchObject({
    code: "GOOSE_NOT_FOUND",
    message: expect.stringMatching(/taskMaster\.goose\.path/),
    details: expect.stringContaining(folder.dir),
  });
  program("goose", 0o644);
  expect(await rejection(locateGoose({ env: { PATH: folder.dir, HOME: "/nowhere" }, workspace }))).toMatchObject({ code: "GOOSE_NOT_EXECUTABLE" });
});
