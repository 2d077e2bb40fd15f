import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readInstructions } from "../../../src/host/instructions.ts";
import { createTempDir } from "../../helpers/tempRepo.ts";

test("a file of the repository, or by its absolute path", async () => {
  using place = createTempDir();
  const file = place.write("docs/rules.md", "\nUse tabs.\n");
  expect(await readInstructions("docs/rules.md", place.dir)).toBe("## Instructions for every task here\nUse tabs.");
  expect(await readInstructions(file, "/elsewhere")).toContain("Use tabs.");
});

test.each(["none.md", "folder", "large.md", "binary.md"])("%s is refused with its path", async (name) => {
  using place = createTempDir();
  mkdirSync(path.join(place.dir, "folder"));
  place.write("large.md", "x".repeat(64 * 1024 + 1));
  writeFileSync(path.join(place.dir, "binary.md"), Buffer.from([0xff, 0xfe, 0x00]));
  await expect(readInstructions(name, place.dir)).rejects.toMatchObject({ code: "INVALID_INPUT", message: expect.stringContaining(name) as string });
});
