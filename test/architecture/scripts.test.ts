/** What the scripts of package.json run is in the repository: a file that git ignores works here and nowhere else. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readJson } from "../l10n/manifestTexts.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("every file that a script names is tracked by git", () => {
  const { scripts } = readJson("package.json") as { scripts: Readonly<Record<string, string>> };
  const files = Object.values(scripts).flatMap((script) => script.match(/(?<=^|\s)[\w./-]+\.(ts|mjs|json)(?=\s|$)/g) ?? []);
  const tracked = new Set(execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n"));
  expect(files).toContain("test/coverage/folders.ts");
  expect(files.filter((file) => !tracked.has(file) && !file.startsWith("node_modules/"))).toEqual([]);
});
