/** Runs inside the extension host of a real VS Code, against the installed package. Throws when a test fails. */
import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { commands, extensions, workspace } from "vscode";
import manifest from "../../../package.json" with { type: "json" };

type Test = readonly [name: string, run: () => unknown];

const id = process.env["TASK_MASTER_EXTENSION"] as string;
const extension = extensions.getExtension(id);

const tests: readonly Test[] = [
  [
    "the package is installed, not loaded from sources",
    () => ok(extension?.extensionPath.startsWith(process.env["TASK_MASTER_EXTENSIONS_DIR"] ?? "?"), extension?.extensionPath),
  ],
  ["it activates", async () => extension?.activate()],
  [
    "every contributed command is registered",
    async () => {
      const registered = new Set(await commands.getCommands(true));
      deepStrictEqual(
        manifest.contributes.commands.map(({ command }) => command).filter((command) => !registered.has(command)),
        [],
      );
    },
  ],
  [
    "every setting has its default",
    () => {
      for (const [name, { default: expected }] of Object.entries(manifest.contributes.configuration.properties)) {
        deepStrictEqual(workspace.getConfiguration().get(name), expected, name);
      }
    },
  ],
  [
    "only what is shipped is in the package",
    () => {
      const files = readdirSync(extension?.extensionPath ?? "", { recursive: true, encoding: "utf8" }).filter((file) => /\.[a-z]+$/i.test(file));
      const unexpected = files.filter(
        (file) => !/^(dist[/\\]|media[/\\]|package(\.nls(\.[a-z-]+)?)?\.json$|readme\.md$|license(\.txt|\.md)?$|changelog\.md$|\.vsixmanifest$)/i.test(file),
      );
      deepStrictEqual(unexpected, []);
      ok(!files.some((file) => file.endsWith(".map") || file.endsWith(".ts") || file.endsWith(".node")), "no sources, no source maps, no native modules");
    },
  ],
  [
    "no process of git or Goose runs before a task does",
    () => {
      const processes = execFileSync("ps", ["-eo", "ppid=,args="], { encoding: "utf8" }).split("\n");
      const own = processes.filter((line) => line.trim().startsWith(`${process.pid} `) && /\bgoose\b|\bgit\b/.test(line.replace(/task-master-goose/g, "")));
      deepStrictEqual(own, []);
    },
  ],
];

/** Called by VS Code's test driver. */
export async function run(): Promise<void> {
  let failed = 0;
  for (const [name, test] of tests) {
    try {
      await test();
      console.log(`ok   ${name}`);
    } catch (error) {
      failed++;
      console.error(`FAIL ${name}\n${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
  console.log(`in the extension host: ${tests.length - failed} passed, ${failed} failed`);
  strictEqual(failed, 0, "tests failed in the extension host");
}
