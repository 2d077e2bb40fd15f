import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { findGitCommonDir } from "../../../src/store/gitCommonDir.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../../helpers/tempRepo.ts";

let temporary: TempDir;
let repo: TempRepo;
beforeEach(() => {
  temporary = createTempDir("task-master-git-");
  repo = createTempRepo();
});
afterEach(() => {
  repo.dispose();
  temporary.dispose();
});

it("finds what git finds, from the root, a folder below, a link and a worktree", () => {
  const common = join(repo.dir, ".git");
  mkdirSync(join(repo.dir, "deep", "er"), { recursive: true });
  const link = join(temporary.dir, "link");
  symlinkSync(join(repo.dir, "deep"), link);
  const worktree = join(temporary.dir, "worktree");
  repo.git("worktree", "add", "-b", "other", worktree);
  for (const folder of [repo.dir, join(repo.dir, "deep", "er"), link, worktree]) expect(findGitCommonDir(folder)).toBe(common);
});

it("follows a separate git directory, also by a relative path", () => {
  const work = join(temporary.dir, "work");
  repo.git("init", "--separate-git-dir", join(temporary.dir, "separate"), work);
  expect(findGitCommonDir(work)).toBe(join(temporary.dir, "separate"));
  writeFileSync(join(work, ".git"), "gitdir: ../separate\r\n");
  expect(findGitCommonDir(work)).toBe(join(temporary.dir, "separate"));
});

it("finds none outside of repositories", () => {
  expect(findGitCommonDir(temporary.dir)).toBeUndefined();
  expect(findGitCommonDir(join(temporary.dir, "missing"))).toBeUndefined();
});

it.each([
  ["a pointer to nowhere", "gitdir: /nowhere/at/all\n"],
  ["a pointer without a path", "gitdir: "],
  ["another text", "hello\n"],
  ["a huge file", `gitdir: ${"x".repeat(100_000)}`],
  ["an empty file", ""],
])("passes over %s", (_, text) => {
  temporary.write("sub/.git", text);
  expect(findGitCommonDir(join(temporary.dir, "sub"))).toBeUndefined();
});

it("passes over an empty .git folder and looks above it", () => {
  mkdirSync(join(repo.dir, "sub", ".git"), { recursive: true });
  expect(findGitCommonDir(join(repo.dir, "sub"))).toBe(join(repo.dir, ".git"));
});
