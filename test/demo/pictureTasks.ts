/** The tasks that the pictures show, and what the scripted model does with them. */
import { byPrompt, type ModelReply } from "../helpers/modelServer.ts";

export const finished = "Write a changelog entry";
export const failing = "Migrate the settings file";
export const publishing = "Publish the release notes";
export const running = "Greet users by name";

/** What is only added: title and flags of the terminal. */
export const waiting: readonly (readonly [title: string, ...flags: string[]])[] = [
  ["Fix the flaky login test", "--priority", "high"],
  ["Describe the API in the README"],
  ["Tidy up the old scripts", "--priority", "low"],
];

const tool = (name: string, input: Readonly<Record<string, unknown>>, text?: string): ModelReply => ({
  kind: "tools",
  ...(text === undefined ? {} : { text }),
  calls: [{ name, arguments: input }],
});
const write = (path: string, content: string, text?: string): ModelReply => tool("write", { path, content }, text);
const shell = (command: string, text?: string): ModelReply => tool("shell", { command }, text);

const greeting = [
  "const hello = { en: 'Hello', de: 'Hallo', fr: 'Bonjour', es: 'Hola' };",
  "",
  "export function greet(name, language = 'en') {",
  "  return `${hello[language]}, ${name}!`;",
  "}",
  "",
].join("\n");
/** Never ends: the picture is taken while it runs. */
const check =
  "import { greet } from './greet.js';\n\nfor (const language of ['en', 'de', 'fr']) console.log('ok', greet('Ada', language));\nconsole.log('3 of 4 languages');\nsetInterval(() => {}, 60_000);\n";
const plan = (...marks: readonly [string, string, string, string]): ModelReply =>
  tool("todo__todo_write", {
    content: ["Look at what is there", "Write `greet.js` and its test", "Run the test", "Describe it in the README"]
      .map((entry, index) => `- [${marks[index] ?? " "}] ${entry.replaceAll("`", "")}`)
      .join("\n"),
  });

export const pictureScript = byPrompt([
  [finished, [write("CHANGELOG.md", "# Changelog\n\n- Greet users by name.\n"), { kind: "text", text: "The entry is written." }]],
  [failing, [write("settings.json", "{}\n"), { kind: "text", text: "The settings are migrated." }]],
  [
    publishing,
    [
      write("NOTES.md", "# Release notes\n\n- Users are greeted by name.\n", "I write the notes first."),
      shell("git push origin HEAD:main", "The notes are there. Now I publish them."),
      { kind: "text", text: "The notes are on their branch." },
    ],
  ],
  [
    running,
    [
      plan("~", " ", " ", " "),
      shell("ls -A", "I will look at what is there first."),
      write(
        "greet.js",
        greeting,
        "There is nothing yet that greets. I will add:\n\n1. `greet(name, language)` in **greet.js**\n2. a test that calls it in every language",
      ),
      write("greet.test.mjs", check),
      plan("x", "x", "~", " "),
      shell("node greet.test.mjs", "Both files are written. Now I run the test."),
      { kind: "text", text: "Users are greeted by name." },
    ],
  ],
]);
