/** Hostile text in every place that the run view shows, in the real page under the real policy: no script, no request, no element of the text's. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Task } from "../../src/model/task.ts";
import type { TaskEventBody } from "../../src/model/taskEvent.ts";
import { viewTask } from "../../src/protocol/hostWebview.ts";
import { launchBrowser } from "../helpers/vscodeHost/workbench.ts";
import { WebviewPage } from "../helpers/webviewPage.ts";
import { isFull } from "../hostile/amount.ts";
import { xssPayloads } from "../hostile/xssPayloads.ts";
import { taskWith } from "../unit/views/taskFixture.ts";
import { journal, taskId, tool } from "../unit/webview/journal.ts";

const task = taskWith("a", { id: taskId, status: "in_progress", attempts: 1 });
let browser: Browser;
beforeAll(async () => void (browser = await launchBrowser()));
afterAll(() => browser.close());

/** All that the page makes by itself and what Markdown may become. */
const tags = new Set(
  (
    "a article aside b blockquote br button caption circle code del details div em footer h1 h2 header hr i input kbd label li main ol option p path pre script section " +
    "select span strong summary svg table tbody td textarea th thead time tr ul"
  ).split(" "),
);
const attributes = new Set(
  (
    "align class d datetime disabled focusable for hidden id maxlength nonce open placeholder role rows scope spellcheck start style=height style=inline-size tabindex " +
    "title type viewBox src=https://run-view.test/run.js"
  ).split(" "),
);

/** Runs in the page: elements and attributes that are in it, with values of those that could act. */
function inventory(): { readonly tags: readonly string[]; readonly attributes: readonly string[]; readonly hacked: boolean; readonly unseen: boolean } {
  const page = globalThis as unknown as {
    document: { body: { querySelectorAll(selector: string): Iterable<InventoryElement>; innerText: string } };
    hacked?: unknown;
  };
  const elements = [...page.document.body.querySelectorAll("*")];
  const names = elements.flatMap((element) =>
    [...element.attributes].map(({ name, value }) =>
      name === "src" ? `src=${value}` : name === "style" ? `style=${value.replaceAll(/:[^;]*;?/g, "")}` : name,
    ),
  );
  return {
    tags: [...new Set(elements.map(({ localName }) => localName))],
    attributes: [...new Set(names)],
    hacked: page.hacked !== undefined,
    unseen: /(?![\n\t])\p{Cc}|[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069]|[\u{e0000}-\u{e007f}]/u.test(page.document.body.innerText),
  };
}

interface InventoryElement {
  readonly localName: string;
  readonly attributes: Iterable<{ readonly name: string; readonly value: string }>;
}

async function check(view: WebviewPage): Promise<void> {
  const found = await view.page.evaluate(inventory);

  expect(found.tags.filter((tag) => !tags.has(tag))).toEqual([]);
  expect(found.attributes.filter((name) => !attributes.has(name) && !/^(aria|data)-[a-z-]+$/.test(name))).toEqual([]);
  expect(found).toMatchObject({ hacked: false, unseen: false });
}

test("there are 200 payloads or more", () => expect(new Set(xssPayloads).size).toBeGreaterThanOrEqual(200));

test("in messages, tools, plans, errors and logs, row by row", { timeout: 120_000 }, async () => {
  const roles = ["agent", "thought", "user", "notice"] as const;
  const bodies = xssPayloads.flatMap((text, i): readonly TaskEventBody[] => {
    const message: TaskEventBody = { type: "message", role: i % 2 === 0 ? "agent" : (roles[(i >> 1) % 4] ?? "user"), messageId: `m${i}`, text };
    const call = tool(`c${i}`, {
      status: i % 4 < 2 ? "failed" : "in_progress",
      toolName: i % 3 === 0 ? text : "shell",
      title: text,
      kind: text.slice(0, 64),
      input: i % 4 < 2 ? { command: text, path: text } : { [text]: text },
      outputDelta: text,
      activity: text,
      locations: [{ path: text, line: 1 }],
      diffs: [{ path: text, oldText: text, newText: `${text}x` }],
    });
    const log: TaskEventBody = { type: "log", level: "warn", message: text };
    // Every payload everywhere takes a minute.
    return isFull ? [message, call, log] : i % 8 === 3 ? [log] : i % 2 === 0 ? [message] : [call];
  });
  await using view = await WebviewPage.open(browser, {
    task,
    events: journal([
      ...bodies,
      { type: "plan", entries: xssPayloads.slice(0, 200).map((text) => ({ text: text.slice(0, 1_000), status: "pending" })) },
      { type: "error", code: "INTERNAL", message: xssPayloads.join("\n").slice(0, 4_000), details: xssPayloads.join(" ").slice(4_000, 12_000) },
    ]),
  });
  view.page.on("dialog", (dialog) => view.problems.push(`dialog ${dialog.message()}`));
  await view.page.setViewportSize({ width: 900, height: 6_000 });
  const load = view.page.getByRole("button", { name: "Expand all" });
  await load.click();
  let seen = 0;
  for (let pages = 0; pages < 40; pages++) {
    const height = await view.page.locator(".scroller").evaluate((node) => node.scrollHeight);
    for (let y = height; y >= 0; y -= 5_000) {
      await view.page.locator(".scroller").evaluate((node, top) => void (node.scrollTop = top), y);
      await view.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      await check(view);
      seen++;
    }
    const now = await view.page.locator(".scroller").evaluate((node) => node.scrollHeight);
    if (now === height) break;
    await load.click();
  }
  expect(seen).toBeGreaterThan(3);
  expect(view.problems).toEqual([]);
  expect(view.dropped).toEqual([]);
});

test("in all that the head of the view says of a task", { timeout: 120_000 }, async () => {
  await using view = await WebviewPage.open(browser, { task, events: journal([]) });
  view.page.on("dialog", (dialog) => view.problems.push(`dialog ${dialog.message()}`));
  for (const text of xssPayloads) {
    const hostile: Task = {
      ...task,
      title: text,
      prompt: `${text} more`,
      branch: text,
      progress: { percent: 5, message: text },
      attention: { since: 1, kind: "stalled", message: text } as unknown as NonNullable<Task["attention"]>,
      inbox: [{ id: "1", text, at: 1 }],
    };
    await view.page.evaluate((message) => (globalThis as unknown as { postMessage: (message: unknown, origin: string) => void }).postMessage(message, "*"), {
      type: "task",
      task: viewTask(hostile),
    } as unknown);
    await view.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
    await check(view);
  }
  const head = await view.page.locator("header h1").textContent();
  expect(head).toContain("<script>");
  expect(view.problems).toEqual([]);
});
