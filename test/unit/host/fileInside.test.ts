import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileInside } from "../../../src/host/fileInside.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

let folder: TempDir;
let worktree: string;
beforeEach(() => {
  folder = createTempDir("tm-inside-");
  worktree = path.join(realpathSync(folder.dir), "worktree");
  folder.write("worktree/src/a.ts", "a");
  folder.write("secret.txt", "s");
  folder.write("worktree-other/b.ts", "b");
});
afterEach(() => folder.dispose());

test("finds a file by its relative and by its absolute path", async () => {
  const real = path.join(worktree, "src/a.ts");
  expect(await fileInside(worktree, "src/a.ts")).toEqual({ real });
  expect(await fileInside(worktree, real)).toEqual({ real });
  expect(await fileInside(worktree, "src/../src/a.ts")).toEqual({ real });
});

test("works through a link to the folder itself", async () => {
  const link = path.join(folder.dir, "link");
  symlinkSync(worktree, link);
  expect(await fileInside(link, path.join(link, "src/a.ts"))).toEqual({ real: path.join(worktree, "src/a.ts") });
});

test.each(["../secret.txt", "/etc/passwd", "src/../../secret.txt", "../worktree-other/b.ts", ".."])("refuses what leaves the folder: %s", async (file) =>
  expect(await fileInside(worktree, file)).toBe("outside"),
);

test("refuses what leaves the folder by a link, of a file and of a folder", async () => {
  symlinkSync(path.join(folder.dir, "secret.txt"), path.join(worktree, "file-link"));
  symlinkSync(folder.dir, path.join(worktree, "folder-link"));
  expect(await fileInside(worktree, "file-link")).toBe("outside");
  expect(await fileInside(worktree, "folder-link/secret.txt")).toBe("outside");
});

test("knows nothing of what is not there, and of what is no file", async () => {
  mkdirSync(path.join(worktree, "empty"));
  for (const file of ["nothing.ts", "empty", "src/a.ts\0", "src/a.ts/x"]) expect(await fileInside(worktree, file), file).toBeUndefined();
  expect(await fileInside(path.join(folder.dir, "gone"), "src/a.ts")).toBeUndefined();
});
