import { statSync } from "node:fs";
import { chmod, mkdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { folderError, makeFolder, makePrivateFolder } from "../../../src/worker/process/makeFolder.ts";
import { asOrdinaryUser } from "../../helpers/ordinaryUser.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";

test("a folder of ours is made with its parents, for its owner alone", async () => {
  using dir = createTempDir();
  const folder = path.join(dir.dir, "a/b");
  await makeFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  await chmod(folder, 0o755);
  await makePrivateFolder(folder);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});

test("one that cannot be made is a fault of the set-up, in words that say what to do", async () => {
  using dir = createTempDir();
  const failure = { code: "NO_FOLDER", message: expect.stringMatching(/cannot be made \((ENOTDIR|EACCES)\).*written to, then Retry/) as string };
  const file = dir.write("file", "");
  await expect(makeFolder(path.join(file, "a"))).rejects.toMatchObject(failure);
  const closed = path.join(dir.dir, "closed");
  await mkdir(closed, { mode: 0o555 });
  await chmod(dir.dir, 0o755);
  await asOrdinaryUser(() => expect(makeFolder(path.join(closed, "a"))).rejects.toMatchObject(failure));
});

test.each(["ENOSPC", "EDQUOT"])("a full disk (%s) is none: the task waits for space", (code) => {
  expect(folderError("/w", Object.assign(new Error("no"), { code }))).toMatchObject({ code: "DISK_FULL", retryable: true });
});
