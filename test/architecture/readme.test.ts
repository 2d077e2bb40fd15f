/** src/README.md is only worth reading while it is true. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../../src/", import.meta.url));
const readme = readFileSync(join(src, "README.md"), "utf8");

test("every file that it names exists", () => {
  const files = [...readme.matchAll(/`([A-Za-z/]+\.ts)`/g)]
    .map((match) => match[1] as string)
    .filter((file) => file.includes("/") || file === "composition.ts");
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((file) => !existsSync(join(src, file)))).toEqual([]);
});

test("every layer has its row in the import table", () => {
  const folders = readdirSync(src, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
  for (const folder of folders) expect(readme, folder).toMatch(new RegExp(`^\\| ${folder} +\\|`, "m"));
});

test("its import table and the lint rules agree on the named layers", () => {
  const { overrides } = JSON.parse(readFileSync(join(src, "../.oxlintrc.json"), "utf8")) as {
    overrides: { files: string[]; rules: Record<string, [string, { patterns: { message: string }[] }]> }[];
  };
  for (const layer of ["model", "store", "host", "platform", "views", "commands", "terminal"]) {
    const message = overrides.find(({ files }) => files[0] === `src/${layer}/**/*.ts`)?.rules["no-restricted-imports"]?.[1].patterns[0]?.message ?? "";
    const row = new RegExp(`^\\| ${layer} +\\| (.*?) *\\|$`, "m").exec(readme)?.[1] ?? "?";
    const words = (text: string): string[] =>
      [...text.matchAll(/[a-z]+(?:\/[a-z]+)?:?/g)].map(([word]) => word).filter((word) => !["may", "import", "and", "only", layer].includes(word));
    expect(words(message.replace(/^[a-z]+ /, "")), layer).toEqual(words(row));
  }
});
