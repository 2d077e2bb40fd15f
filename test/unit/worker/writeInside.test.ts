/** Writes by the agent's file tools stay inside, also while a command changes the way to the file. */
import { linkSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AllowedCalls } from "../../../src/worker/goose/allowedCalls.ts";
import { writeClientFile } from "../../../src/worker/goose/clientFiles.ts";
import { writeInside } from "../../../src/worker/goose/writeInside.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

let home: TempDir;
let root: string;
let outside: string;

beforeEach(() => {
  home = createTempDir("write-inside-");
  root = path.join(home.dir, "worktree");
  outside = path.join(home.dir, "outside");
  mkdirSync(root);
  mkdirSync(outside);
});
afterEach(() => home.dispose());

const put = (file: string, content = "new"): Promise<unknown> => writeClientFile(root, { sessionId: "s", path: file, content }, () => false);

test("makes the folders that are missing, replaces what is there whole", async () => {
  await put("a/b/c.txt", "a long text");
  await put("a/b/c.txt", "short");
  expect(readFileSync(path.join(root, "a/b/c.txt"), "utf8")).toBe("short");
});

test("a name that has become a link since it was looked at is not followed, neither a folder nor the file", async () => {
  symlinkSync(outside, path.join(root, "folder"));
  symlinkSync(path.join(outside, "file.txt"), path.join(root, "file.txt"));
  await expect(writeInside(root, ["folder", "x.txt"], "new")).rejects.toMatchObject({ code: expect.stringMatching(/ENOTDIR|ELOOP/) as string });
  await expect(writeInside(root, ["file.txt"], "new")).rejects.toMatchObject({ code: "ELOOP" });
  expect(readdirSync(outside)).toEqual([]);
});

test("a file with a name outside gets a new one inside", async () => {
  writeFileSync(path.join(outside, "profile"), "old");
  linkSync(path.join(outside, "profile"), path.join(root, "profile"));
  await put("profile");
  expect(readFileSync(path.join(outside, "profile"), "utf8")).toBe("old");
  expect(readFileSync(path.join(root, "profile"), "utf8")).toBe("new");
});

test("a pipe is no file, and holds nobody", async () => {
  execFileSync("/bin/sh", ["-c", 'mkfifo "$0"', path.join(root, "pipe")]);
  await expect(put("pipe")).rejects.toMatchObject({ code: -32602 });
});

/** Puts a link to another folder in the place of a folder and back without end; what the writer makes meanwhile is in its way and goes. */
const swapping = `
  const fs = require("node:fs");
  const { folder, kept, link } = require("node:worker_threads").workerData;
  const attempt = (step) => { try { step(); return true; } catch { return false; } };
  for (;;) {
    if (!attempt(() => fs.renameSync(folder, kept))) attempt(() => fs.rmSync(folder, { recursive: true, force: true }));
    if (attempt(() => fs.renameSync(link, folder))) attempt(() => fs.renameSync(folder, link));
    attempt(() => fs.renameSync(kept, folder));
  }`;

test("while a command turns the folder into a link and back as fast as it can, nothing lands outside", async () => {
  const folder = path.join(root, "folder");
  mkdirSync(folder);
  symlinkSync(outside, path.join(root, "link"));
  const swapper = new Worker(swapping, { eval: true, workerData: { folder, kept: path.join(root, "kept"), link: path.join(root, "link") } });
  let written = 0;
  try {
    for (let round = 0; round < 1_000; round++)
      await put(`folder/${round}.txt`).then(
        () => written++,
        () => undefined,
      );
  } finally {
    await swapper.terminate();
  }
  expect(written).toBeGreaterThan(0);
  expect(readdirSync(outside)).toEqual([]);
}, 30_000);

test("an allowed call stands for one command or one write, and only while it is open", async () => {
  const open = new Set(["a", "b", "c"]);
  const calls = new AllowedCalls((id) => open.has(id));
  calls.allow("a", { command: "npm test" });
  calls.allow("b", { path: "x.txt", content: "" });
  calls.allow("c", { command: "ls" });
  calls.allow("c", "no input");
  expect(calls.takeCommand("npm test ")).toBe(false);
  expect(calls.takeCommand("npm test")).toBe(true);
  expect(calls.takeCommand("npm test")).toBe(false);
  expect(await calls.takeWrite((named) => Promise.resolve(named === "y.txt"))).toBe(false);
  expect(await calls.takeWrite((named) => Promise.resolve(named === "x.txt"))).toBe(true);
  expect(await calls.takeWrite(() => Promise.resolve(true))).toBe(false);
  open.delete("c");
  expect(calls.takeCommand("ls")).toBe(false);
});
