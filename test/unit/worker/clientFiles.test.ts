import { mkdirSync, readFileSync, truncateSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readClientFile, writeClientFile } from "../../../src/worker/goose/clientFiles.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

let worktree: TempDir;
beforeEach(() => (worktree = createTempDir("client-files-")));
afterEach(() => worktree.dispose());

const read = (file: string, more: { line?: number; limit?: number } = {}): Promise<unknown> =>
  readClientFile(worktree.dir, { sessionId: "s", path: file, ...more });
const write = (file: string, isOver = false): Promise<unknown> => writeClientFile(worktree.dir, { sessionId: "s", path: file, content: "new" }, () => isOver);

test("a file is read as a whole or by its lines, counted from 1", async () => {
  worktree.write("a.txt", "1\n2\n3\n4\n");
  expect(await read("a.txt")).toEqual({ content: "1\n2\n3\n4\n" });
  expect(await read("a.txt", { line: 0 })).toEqual({ content: "1\n2\n3\n4\n" });
  expect(await read("a.txt", { line: 3 })).toEqual({ content: "3\n4\n" });
  expect(await read("a.txt", { limit: 2 })).toEqual({ content: "1\n2" });
  expect(await read("a.txt", { line: 2, limit: 1 })).toEqual({ content: "2" });
});

test("what is no file, or too large, is refused; a file that is not there has a code of its own", async () => {
  mkdirSync(path.join(worktree.dir, "folder"));
  const large = worktree.write("large", "");
  truncateSync(large, 16 * 1024 * 1024 + 1);
  await expect(read("none.txt")).rejects.toMatchObject({ code: -32002, message: expect.stringContaining("none.txt") as string });
  await expect(read("folder")).rejects.toMatchObject({ code: -32602, message: expect.stringContaining("not a file") as string });
  await expect(read("large")).rejects.toMatchObject({ code: -32602, message: expect.stringContaining("larger than") as string });
  truncateSync(large, 16 * 1024 * 1024);
  expect(((await read("large")) as { content: string }).content).toHaveLength(16 * 1024 * 1024);
});

test("a file is written with its folders; the root, git's own files and what comes after the end are refused", async () => {
  await write("deep/er/a.txt");
  expect(readFileSync(path.join(worktree.dir, "deep/er/a.txt"), "utf8")).toBe("new");
  for (const file of [".", ".git/config", "sub/.GIT/hooks/x", "git~1/x", ".git./x"]) await expect(write(file), file).rejects.toMatchObject({ code: -32602 });
  await expect(write("late.txt", true)).rejects.toMatchObject({ code: -32602, message: "the task has ended" });
  await expect(read("late.txt")).rejects.toMatchObject({ code: -32002 });
});

test("a failure of the file system is an answer, which names its code and no path of the machine", async () => {
  worktree.write("file", "");
  await expect(write("file/below")).rejects.toMatchObject({ code: -32602, message: expect.stringMatching(/^E\w+: the file cannot be used$/) as string });
});
