import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { writeClientFile } from "../../../src/worker/goose/clientFiles.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";

test.each([
  ".git/config",
  ".GIT/hooks/pre-commit",
  ".g\u200cit/config",
  ".git\u200b/config",
  "git~1/config",
  "GIT~2/config",
  ".git ./config",
  ".git::$INDEX_ALLOCATION/config",
  "sub/.git",
])("no name by which some file system knows git's own folder is written: %j", async (name) => {
  using folder = createTempDir();
  await expect(writeClientFile(folder.dir, { sessionId: "s", path: name, content: "evil" }, () => false)).rejects.toThrow("files of git itself");
  expect(readdirSync(folder.dir)).toEqual([]);
});

test.each([".gitignore", ".github/x", "git~x", "my.git/x"])("names that only begin or end like it are: %s", async (name) => {
  using folder = createTempDir();
  await writeClientFile(folder.dir, { sessionId: "s", path: name, content: "good" }, () => false);
  expect(readdirSync(folder.dir)).toHaveLength(1);
});
