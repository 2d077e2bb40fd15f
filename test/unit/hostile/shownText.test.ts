import { describe, expect, test } from "vitest";
import { dependencyChoices } from "../../../src/commands/dependencyChoices.ts";
import { removalDetail } from "../../../src/commands/removalDetail.ts";
import type { Task } from "../../../src/model/task.ts";
import { oneLine } from "../../../src/platform/oneLine.ts";
import { cleanLine, cleanText, safeJson } from "../../../src/terminal/cleanText.ts";
import { noticeOf, noticeText } from "../../../src/views/notices.ts";
import { queueMessage } from "../../../src/views/queueMessage.ts";
import { statusText } from "../../../src/views/statusText.ts";
import { taskItem, taskTooltip } from "../../../src/views/taskItem.ts";
import { visibleLine, visibleText } from "../../../src/webview/app/text.ts";
import { amount, fuzzTimeoutMs } from "../../hostile/amount.ts";
import { Random } from "../../hostile/random.ts";
import { nastyText, nastyTexts } from "../../hostile/texts.ts";
import { changeOf, taskWith } from "../views/taskFixture.ts";

/** What a terminal obeys or nobody sees: controls but line breaks and tabs, bidi marks, zero-width characters, tags, smuggling selectors. */
const dangerous = /(?![\n\t])\p{Cc}|[\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]/u;
/** What VS Code makes icons and links of. */
const markup = /\$\([a-z~-]+\)|\[[^\]]+\]\([^)]*\)/i;

const controls = [
  "\u001b",
  "\u009b",
  "\u009d",
  "\u0090",
  "\u0007",
  "\u009c",
  "\r",
  "\b",
  "\u007f",
  "\u0000",
  "\u001b[",
  "\u001b]",
  "\u001b\\",
  "m",
  ";",
  "52;c;",
  "8;;http://x",
];

function soup(random: Random): string {
  return Array.from({ length: random.below(30) }, () => (random.chance(0.6) ? random.pick(controls) : nastyText(random).slice(0, 200))).join("");
}

test("nothing that a terminal obeys or hides comes through, in text and in JSON", { timeout: fuzzTimeoutMs }, () => {
  const random = new Random(6);
  const misfits: string[] = [];
  for (let count = amount(5_000, 1_000_000); count > 0; count--) {
    const text = soup(random);
    const json = safeJson({ text });
    const lines = [cleanLine(text), json];
    const shown = [cleanText(text), visibleText(text), visibleLine(text, 100), ...lines];
    // For a parser it is the same text.
    const isSame = (JSON.parse(json) as { text: string }).text === text;
    if (!isSame || shown.some((each) => dangerous.test(each)) || lines.some((line) => /[\n\t]/.test(line))) misfits.push(JSON.stringify({ text, shown }));
  }
  expect(misfits).toEqual([]);
});

test("the clipboard, links and titles of a terminal are out of reach; an overwritten line is two", () => {
  expect(cleanText("a\u001b]52;c;ZXZpbA==\u0007b\u001b]8;;https://evil.example\u001b\\c\u001b]8;;\u001b\\d\u009d0;title\u009ce")).toBe("abcde");
  expect(cleanText("rm -rf /\rls")).toBe("rm -rf /\nls");
  expect(cleanText("\u{e0049}\u{e0064}\u202eevil\u200b\u{e0101}")).toBe("<U+E0049><U+E0064><U+202E>evil<U+200B><U+E0101>");
});

describe("texts for VS Code", () => {
  const attacks = [
    ...nastyTexts,
    "$(pass-filled) done $(sync~spin)",
    "[Sign in](command:workbench.action.quit)",
    "[x](https://evil.example) [y](file:///etc/passwd)",
    "a\nb\r\nc",
    "**bold** <b>x</b> `code`",
  ];

  function everywhere(text: string): readonly string[] {
    const task: Task = taskWith("aaaaaaaa", {
      title: text,
      branch: text,
      tags: [text],
      status: "failed",
      attention: { since: 1, kind: "stalled", message: text } as unknown as NonNullable<Task["attention"]>,
      progress: { percent: 10, message: text },
      result: { error: { code: "INTERNAL", message: text } } as unknown as NonNullable<Task["result"]>,
    });
    const { attention: _, ...calm } = task;
    const waiting: Task = { ...taskWith("bbbbbbbb", { title: text }), status: "blocked", dependsOn: [task.id] };
    const context = { now: 5, find: () => task };
    const rows = [task, calm, { ...calm, status: "in_progress" as const }, waiting].flatMap((each) => {
      const { label, description, accessibilityLabel } = taskItem(each, context);
      return [label, description, accessibilityLabel, ...taskTooltip(each, context, [text]).split("\n")];
    });
    const notice = noticeOf(changeOf(calm, { type: "error", code: "INTERNAL", message: text }));
    const queue = { stop: { at: 1, reason: text, failures: [] }, limits: [] } as unknown as Parameters<typeof queueMessage>[0];
    const status = statusText([task], queue, 5);
    return [
      ...rows,
      oneLine(text, 200),
      noticeText(notice === undefined ? [] : [notice]),
      removalDetail(task, [waiting]).replace(String(task.branch), ""),
      queueMessage(queue, 5) ?? "",
      ...(status?.tooltip.split("\n") ?? []),
      (status?.text ?? "").replace(/^\$\([a-z~-]+\) /, ""),
      ...dependencyChoices(waiting, [task, waiting]).flatMap(({ label, description }) => [label, description]),
    ];
  }

  test.each(attacks.map((text) => [text]))("%j is plain text on one line in each of them", (text) => {
    for (const shown of everywhere(text)) {
      expect(shown).not.toMatch(markup);
      expect(shown).not.toMatch(/[\n\t]/);
      expect(shown).not.toMatch(dangerous);
    }
  });
});
