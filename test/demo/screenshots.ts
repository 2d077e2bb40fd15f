/** Shoots the pictures of the README in a real VS Code with real Goose: `npm run screenshots`. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Session } from "../e2e/session.ts";
import { byPrompt, hold, type ModelReply } from "../helpers/modelServer.ts";

const folder = fileURLToPath(new URL("../../media/screenshots/", import.meta.url));
const forEver = new Promise<void>(() => undefined);
const write = (path: string, content: string): ModelReply => ({ kind: "tools", calls: [{ name: "write", arguments: { path, content } }] });
const shell = (command: string, text: string): ModelReply => ({ kind: "tools", text, calls: [{ name: "shell", arguments: { command } }] });

const greeting = "export function greet(name) {\n  return `Hello, ${name}!`;\n}\n";
const check =
  "import { greet } from './greet.js';\nimport assert from 'node:assert';\n\nassert.equal(greet('Goose'), 'Hello, Goose!');\nconsole.log('1 passed, 0 failed');\n";

const script = byPrompt([
  ["Write a changelog entry", [write("CHANGELOG.md", "# Changelog\n\n- Greet by name.\n"), { kind: "text", text: "The entry is written." }]],
  [
    "Greet the user by name",
    [
      shell("ls -la", "I will look at what is there first."),
      write("greet.js", greeting),
      write("greet.test.mjs", check),
      shell("node greet.test.mjs", "The function is there. Now I run its test."),
      hold(forEver, { kind: "text", text: "" }),
    ],
  ],
]);

const session = await Session.start({ script, settings: { "workbench.colorTheme": "Default Dark Modern" } });
const window = await session.open();
await window.openContainer("Task Master");
for (const [title, priority] of [
  ["Write a changelog entry", "high"],
  ["Greet the user by name", "medium"],
  ["Describe the API in the README", "low"],
] as const) {
  await window.runCommand("Task Master: Add Task");
  await window.answerInput(title);
  await window.page.keyboard.press("Enter");
  await window.pick(new RegExp(priority, "i"));
  await window.rows(title).waitFor();
}
await window.runCommand("Task Master: Run Next Task");
await window.rows("Write a changelog entry").filter({ hasText: "done" }).waitFor();
await window.runCommand("View: Close All Editors");
await window.runCommand("Task Master: Run Next Task");
const view = session.runView(window);
const test = view.locator('details.tool[data-status="completed"]').filter({ hasText: "node greet.test.mjs" });
await test.locator("summary").click();
await test.getByText("1 passed, 0 failed").waitFor();
mkdirSync(folder, { recursive: true });
await window.screenshot(`${folder}run-view.png`);
await window.close();
await session.stop();
