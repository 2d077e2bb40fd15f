/** The layer rules are only worth what they catch: a violation per layer is planted and must be reported. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createTempDir } from "../helpers/tempRepo.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

/** Lints planted files under the project's own rules; reports "file: rule" for each finding. */
function lintPlanted(files: Readonly<Record<string, string>>): string[] {
  using folder = createTempDir("layers-");
  copyFileSync(join(root, ".oxlintrc.json"), join(folder.dir, ".oxlintrc.json"));
  symlinkSync(join(root, "node_modules"), join(folder.dir, "node_modules"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.dir, path)), { recursive: true });
    writeFileSync(join(folder.dir, path), text);
  }
  const { diagnostics } = JSON.parse(runOxlint(folder.dir)) as { diagnostics: Diagnostic[] };
  return diagnostics.map(({ code, filename }) => `${filename}: ${code}`);
}

function runOxlint(cwd: string): string {
  const bin = join(root, "node_modules/oxlint/bin/oxlint");
  try {
    return execFileSync(process.execPath, [bin, "--format=json", "src"], { cwd, encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout; // findings make it exit with 1
  }
}

const uses = (specifier: string): string => `import { thing } from "${specifier}";\nexport const use = thing;\n`;

/** From which file to which import: each of these is forbidden by the table of the architecture. */
const violations: readonly (readonly [file: string, specifier: string])[] = [
  ["src/base/planted.ts", "../model/task.ts"],
  ["src/base/planted.ts", "node:fs"],
  ["src/model/planted.ts", "../engine/loop.ts"],
  ["src/protocol/planted.ts", "../host/pool.ts"],
  ["src/engine/planted.ts", "node:fs"],
  ["src/engine/planted.ts", "vscode"],
  ["src/engine/planted.ts", "../store/openQueue.ts"],
  ["src/engine/planted.ts", "valibot"],
  ["src/store/planted.ts", "../engine/taskEngine.ts"],
  ["src/store/planted.ts", "vscode"],
  ["src/host/planted.ts", "../worker/harness.ts"],
  ["src/host/planted.ts", "execa"],
  ["src/worker/planted.ts", "../engine/ports.ts"],
  ["src/worker/goose/planted.ts", "../../store/openQueue.ts"],
  ["src/worker/git/planted.ts", "vscode"],
  ["src/platform/planted.ts", "../engine/taskEngine.ts"],
  ["src/platform/planted.ts", "../views/taskTree.ts"],
  ["src/views/planted.ts", "../store/openQueue.ts"],
  ["src/views/planted.ts", "../engine/taskEngine.ts"],
  ["src/commands/planted.ts", "../host/pool.ts"],
  ["src/webview/planted.ts", "../worker/harness.ts"],
  ["src/webview/planted.ts", "./app/runModel.ts"],
  ["src/webview/app/planted.ts", "vscode"],
  ["src/webview/app/planted.ts", "node:fs"],
  ["src/terminal/planted.ts", "vscode"],
  ["src/terminal/planted.ts", "../store/openQueue.ts"],
  ["src/composition.ts", "./worker/harness.ts"],
  ["src/extension.ts", "./webview/app/runModel.ts"],
];

/** A file name of its own for each planted violation, in the same folder. */
const planted = violations.map(([file, specifier], index) => ({ file: file.replace("planted.ts", `planted${index}.ts`), specifier }));

test.each(planted)("$file may not import $specifier", ({ file, specifier }) => {
  expect(lintAllPlanted(), specifier).toContain(`${file}: eslint(no-restricted-imports)`);
});

let findings: readonly string[] | undefined;

function lintAllPlanted(): readonly string[] {
  findings ??= lintPlanted(Object.fromEntries(planted.map(({ file, specifier }) => [file, uses(specifier)])));
  return findings;
}

const allowed: readonly (readonly [file: string, specifier: string])[] = [
  ["src/model/planted.ts", "../base/json.ts"],
  ["src/engine/planted.ts", "../model/task.ts"],
  ["src/store/planted.ts", "../engine/ports.ts"],
  ["src/store/planted.ts", "node:fs"],
  ["src/host/planted.ts", "../protocol/hostWorker.ts"],
  ["src/worker/goose/planted.ts", "../../protocol/handlers.ts"],
  ["src/worker/git/planted.ts", "simple-git"],
  ["src/views/planted.ts", "../engine/facade.ts"],
  ["src/webview/app/planted.ts", "../../protocol/hostWebview.ts"],
  ["src/composition.ts", "./engine/taskEngine.ts"],
];

test("what the table allows is not reported", () => {
  const files = Object.fromEntries(allowed.map(([file, specifier], index) => [file.replace("planted.ts", `planted${index}.ts`), uses(specifier)]));
  expect(lintPlanted(files).filter((finding) => finding.includes("restricted"))).toEqual([]);
});

test.each(["Date.now()", "Math.random()", "process.env", "setTimeout(() => undefined, 1)", 'console.log("x")', 'fetch("x")'])(
  "the engine may not use %s",
  (expression) => {
    const found = lintPlanted({ "src/engine/planted.ts": `export const value: unknown = ${expression};\n` });
    expect(found.join()).toMatch(/no-restricted-(globals|properties)|no-console/);
  },
);

test("entries stay small", () => {
  for (const entry of ["src/extension.ts", "src/cli.ts"]) {
    expect(readFileSync(join(root, entry), "utf8").split("\n").length).toBeLessThanOrEqual(61);
  }
});
