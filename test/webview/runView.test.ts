/** The run view's page in a real browser: what it shows, keeps and sends. VS Code around it: the end-to-end tests. */
import type { Browser, Locator } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { TaskEvent, TaskEventBody } from "../../src/model/taskEvent.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { launchBrowser } from "../helpers/vscodeHost/workbench.ts";
import { WebviewPage, type WebviewPageOptions } from "../helpers/webviewPage.ts";
import { readJson } from "../l10n/manifestTexts.ts";
import { taskWith } from "../unit/views/taskFixture.ts";
import { journal, say, taskId, tool } from "../unit/webview/journal.ts";

const task = taskWith("a", { id: taskId, status: "in_progress", attempts: 1 });
let browser: Browser;
let view: WebviewPage;
beforeAll(async () => void (browser = await launchBrowser()));
afterAll(() => browser.close());
afterEach(async () => {
  // Nothing of these tests may make the page fail, ask for anything or say what the host would not understand.
  const { problems, dropped } = view;
  await view[Symbol.asyncDispose]();
  if (problems.length > 0 || dropped.length > 0) throw new Error(JSON.stringify({ problems, dropped }));
});

async function open(bodies: readonly TaskEventBody[], options: Partial<WebviewPageOptions> = {}): Promise<void> {
  view = await WebviewPage.open(browser, { task, events: journal(bodies), ...options });
}
const many = (count: number, from = 0): readonly TaskEventBody[] => Array.from({ length: count }, (_, i) => say(`message ${from + i} of many`, `m${from + i}`));
const at = (selector: string): Locator => view.page.locator(selector);
const text = (exact: string): Locator => view.page.getByText(exact, { exact: true });
const scrollTo = (top: number): Promise<void> => at(".scroller").evaluate((node, y) => void (node.scrollTop = y), top);
const fromEnd = (): Promise<number> => at(".scroller").evaluate((node) => node.scrollHeight - node.scrollTop - node.clientHeight);
const nodeCount = (): Promise<number> => at("*").count();

describe("hostile text", () => {
  const attacks = [
    `<img src=x onerror="document.title='hacked'">`,
    `<script>document.title='hacked'</script>`,
    `<svg onload="document.title='hacked'"></svg>`,
    `<a href="javascript:document.title='hacked'">a</a>`,
    `[click](javascript:document.title='hacked')`,
    `[click](data:text/html,<script>document.title='hacked'</script>)`,
    `[click](vbscript:x) [click](command:workbench.action.quit) [click](vscode://file/etc/passwd) [click](http://plain.example)`,
    `![picture](https://evil.example/track.png)`,
    `![picture](x" onerror="document.title='hacked')`,
    `<iframe src="https://evil.example"></iframe><form action="https://evil.example"><input name=a></form>`,
    `<style>body{display:none}</style><base href="https://evil.example"><meta http-equiv=refresh content="0;url=https://evil.example">`,
    "```html\n<script>document.title='hacked'</script>\n```",
    "`<img src=x onerror=alert(1)>`",
    `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">`,
    `[x](https://good.example" onmouseover="document.title='hacked')`,
    `${">".repeat(5_000)} deep`,
    `| a |\n|--|\n| <img src=x onerror=alert(1)> |`,
    `<div id="constructor" name="cookie" style="position:fixed;inset:0" class="toEnd">overlay</div>`,
    `&lt;script&gt;alert(1)&lt;/script&gt;`,
  ];

  test("of every role and place is shown as text: no script, no request, no element that could act", async () => {
    const roles = ["agent", "thought", "user", "notice"] as const;
    const messages = attacks.flatMap((attack, i) => roles.map((role): TaskEventBody => ({ type: "message", role, messageId: `${role}${i}`, text: attack })));
    const calls = attacks.map((attack, i) =>
      tool(`c${i}`, {
        status: "failed",
        toolName: attack,
        title: attack,
        input: { command: attack },
        outputDelta: attack,
        activity: attack,
        locations: [{ path: attack }],
        diffs: [{ path: attack, oldText: attack, newText: `${attack}x` }],
      }),
    );
    await open([
      { type: "plan", entries: attacks.map((attack) => ({ text: attack, status: "pending" })) },
      { type: "error", code: "INTERNAL", message: attacks[0] ?? "", details: attacks[1] ?? "" },
      ...messages,
      ...calls,
    ]);
    await view.page.getByRole("button", { name: "Expand all" }).click();
    // Every row is drawn once.
    const height = await at(".scroller").evaluate((node) => node.scrollHeight);
    for (let y = 0; y < height; y += 500) {
      await scrollTo(y);
      await view.page.evaluate("new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))");
      expect(
        await at(
          "body :is(img, iframe, form, style, base, meta, object, embed, math, video, [onerror], [onload], [onmouseover], [style*=fixed], [href], [src]):not(script)",
        ).count(),
      ).toBe(0);
    }
    expect(await view.page.title()).toBe("Run");
  });

  test("of a link: only a web address can be opened, and only by the host", async () => {
    await open([say("[good](https://example.com/a?b=1) [plain](http://example.com) [user](https://good.example@evil.example) [odd](javascript:alert(1))")]);
    const links = view.page.locator(".markdown").getByRole("link");
    expect(await links.allTextContents()).toEqual(["good"]);
    await links.click();
    await links.press("Enter");
    await waitFor(() => view.sent.filter(({ type }) => type === "openLink").length === 2, { what: "both links" });
    expect(view.sent.at(-1)).toEqual({ type: "openLink", url: "https://example.com/a?b=1" });
    expect(view.page.url()).toBe("https://run-view.test/");
    expect(await at(".markdown").textContent()).toBe("good plain (http://example.com) user (https://good.example@evil.example) odd (javascript:alert(1))\n");
  });
});

describe("another language", () => {
  test("is that of every text of ours, not of what Goose says", async () => {
    const bundle = readJson("media/l10n/bundle.l10n.de.json") as Record<string, string>;
    const stopped: TaskEventBody = { type: "stopped", reason: "" };
    await open([say("Found it", "m"), tool("c", { status: "failed", toolName: "shell", input: { command: "false" }, exitCode: 1 }), stopped], {
      language: { language: "de", bundle },
    });
    expect(await view.page.getAttribute("html", "lang")).toBe("de");
    for (const name of ["Pausieren", "Suchen", "Alle ausklappen", "Senden"]) await view.page.getByRole("button", { name, exact: true }).waitFor();
    await text("Found it").waitFor();
    await text("Gestoppt").waitFor();
    await at(".toolState").filter({ hasText: "fehlgeschlagen, Exit-Code 1" }).waitFor();
    await at(".facts").filter({ hasText: "Versuch 1 von" }).waitFor();
    await view.page.getByLabel("Nachricht an Goose", { exact: true }).waitFor();
    await view.page.getByRole("button", { name: "Suchen", exact: true }).click();
    await view.page.getByLabel("Im Lauf suchen").fill("Found");
    await at(".findBar .count").filter({ hasText: "1 von 1" }).waitFor();
  });

  test("that is none leaves everything English", async () => {
    await open([say("Found it", "m")], { language: { language: "not a tag", bundle: { Find: "<b>Suchen</b>" } } });
    expect(await view.page.getByRole("button", { name: "Find", exact: true }).count()).toBe(1);
  });
});

describe("messages", () => {
  test("are Markdown: code with a button that copies it, lists, tables", async () => {
    await open([say("# Title\n\nSome **bold** `code`.\n\n```ts\nconst a = 1;\n```\n\n1. one\n2. two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n- [x] ticked\n")]);
    await at(".markdown strong").waitFor();
    expect(await at(".markdown ol > li").allTextContents()).toEqual(["one", "two"]);
    expect(await at(".markdown td").allTextContents()).toEqual(["1", "2"]);
    await view.page.getByRole("button", { name: "Copy code" }).click();
    await text("Code copied").waitFor({ state: "attached" });
    expect(await view.page.evaluate("navigator.clipboard.readText()")).toBe("const a = 1;\n");
  });

  test("grow without losing the blocks that are there", async () => {
    await open([say("First paragraph.\n\nSecond ")]);
    const first = text("First paragraph.");
    await first.evaluate((node) => void Object.assign(node, { isMarked: true }));
    view.append(journal([say("para"), say("graph.\n\nThird.")], 2));
    await text("Third.").waitFor();
    await text("Second paragraph.").waitFor();
    expect(await first.evaluate((node) => "isMarked" in node)).toBe(true);
  });

  test("are copied as a whole, also when they are in several rows", async () => {
    const long = Array.from({ length: 300 }, (_, i) => `Paragraph ${i} of a long message.\n\n`).join("");
    await open([say(long), say("short", "other")]);
    await at(".message.continued").last().hover();
    await view.page.getByRole("button", { name: "Copy message" }).click();
    await text("Message copied").waitFor({ state: "attached" });
    expect(await view.page.evaluate("navigator.clipboard.readText()")).toBe(long);
  });

  test("thoughts are closed, show how they begin, and open by the keyboard", async () => {
    await open([{ type: "message", role: "thought", messageId: "t", text: "I wonder **why**" }]);
    const thought = at("details.thought");
    await thought.locator(".preview").waitFor();
    expect(await thought.getAttribute("open")).toBeNull();
    await thought.locator("summary").press("Enter");
    await thought.locator("strong").waitFor();
  });
});

describe("tool calls", () => {
  const call: readonly TaskEventBody[] = [
    tool("c", {
      status: "in_progress",
      toolName: "shell",
      kind: "execute",
      input: { command: "npm test" },
      locations: [{ path: "src/a.ts", line: 3 }],
      outputDelta: "one\n",
    }),
    tool("c", { activity: "sub-agent looks around" }),
  ];

  test("are open while they run, with what they print, and close when they end well", async () => {
    await open(call);
    const card = at("details.tool");
    await card.getByText("one").waitFor();
    await card.getByText("sub-agent looks around").waitFor();
    view.append(journal([tool("c", { outputDelta: "two\n" })], 3));
    await card.locator(".output", { hasText: "one\ntwo" }).waitFor();
    view.append(journal([tool("c", { status: "completed", exitCode: 0 })], 4).map((event): TaskEvent => ({ ...event, at: 66_000 })));
    await at("details.tool:not([open])").waitFor();
    expect(await at(".toolState").textContent()).toBe("done, 1 min 05 s");
  });

  test("stay as the user left them", async () => {
    await open(call);
    await at("details.tool > summary").click();
    view.append(journal([tool("c", { outputDelta: "two\n" }), say("behind it")], 3));
    await text("behind it").waitFor();
    expect(await at("details.tool").getAttribute("open")).toBeNull();
    await view.page.getByRole("button", { name: "Expand all" }).click();
    await at("details.tool[open] .output").filter({ hasText: "two" }).waitFor();
    await view.page.getByRole("button", { name: "Collapse all" }).click();
    await at("details.tool:not([open])").waitFor();
  });

  test("name a file to the host by its place in the journal only", async () => {
    await open([...call, tool("c", { diffs: [{ path: "src/b.ts", newText: "x" }] })]);
    await view.page.getByRole("button", { name: "src/a.ts:3" }).click();
    await view.page.getByRole("button", { name: "src/b.ts" }).click();
    const asked = (): unknown[] => view.sent.filter(({ type }) => type === "openPlace");
    await waitFor(() => asked().length === 2, { what: "both places" });
    expect(asked()).toEqual([
      { type: "openPlace", toolCallId: "c", seq: 1, of: "location", index: 0 },
      { type: "openPlace", toolCallId: "c", seq: 3, of: "diff", index: 0 },
    ]);
  });

  test("keep their toolbar on one line in a narrow panel", async () => {
    await open(call);
    await view.page.setViewportSize({ width: 360, height: 700 });
    const tops = await Promise.all(
      ["All", "Find", "Expand all", "Collapse all"].map((name) => view.page.getByRole("button", { name, exact: true }).boundingBox()),
    );
    const [first = 0, ...others] = tops.map((box) => Math.round((box?.y ?? 0) + (box?.height ?? 0) / 2));
    for (const other of others) expect(Math.abs(other - first)).toBeLessThan(4);
  });

  test("give their command and their output to the clipboard", async () => {
    await open(call);
    await view.page.getByRole("button", { name: "Copy input" }).click();
    await text("Command copied").waitFor({ state: "attached" });
    expect(await view.page.evaluate("navigator.clipboard.readText()")).toBe("npm test");
    await view.page.getByRole("button", { name: "Copy output" }).click();
    await text("Output copied").waitFor({ state: "attached" });
    expect(await view.page.evaluate("navigator.clipboard.readText()")).toBe("one\n");
  });
});

describe("a long run", () => {
  test("has only the rows near the view in the page, wherever it is scrolled", async () => {
    await open(many(5_000));
    await text("message 4999 of many").waitFor();
    for (let page = 0; page < 12; page++) {
      expect(await nodeCount()).toBeLessThan(500);
      const first = await at(".row").first().textContent();
      await scrollTo(0);
      await waitFor(async () => (await at(".row").first().textContent()) !== first || !(await at(".earlier").isVisible()), { what: "earlier rows" });
    }
    await waitFor(async () => (await scrollTo(0), text("message 0 of many").isVisible()), { what: "the first row", timeoutMs: 20_000 });
    expect(await nodeCount()).toBeLessThan(500);
  });

  test("follows the end, lets go when the user scrolls up, and comes back by the button", async () => {
    await open(many(200));
    await text("message 199 of many").waitFor();
    view.append(journal(many(50, 200), 201));
    await text("message 249 of many").waitFor();
    expect(await fromEnd()).toBeLessThan(2);
    await at(".scroller").hover();
    await view.page.mouse.wheel(0, -900);
    const button = view.page.getByRole("button", { name: "Jump to end" });
    await button.waitFor();
    const seen = await at(".row:visible").first().textContent();
    const before = await fromEnd();
    view.append(journal(many(50, 250), 251));
    await waitFor(async () => (await fromEnd()) > before + 500, { what: "the end to move away" });
    expect(await at(".row:visible").first().textContent()).toBe(seen);
    await button.click();
    await text("message 299 of many").waitFor();
    await button.waitFor({ state: "hidden" });
    view.append(journal(many(5, 300), 301));
    await text("message 304 of many").waitFor();
  });

  test("is loaded again in both directions when it does not fit", async () => {
    await open(many(12_000));
    await text("message 11999 of many").waitFor();
    await waitFor(async () => (await scrollTo(0), view.sent.some(({ type }) => type === "reading")), {
      what: "the view to let go of the end",
      timeoutMs: 30_000,
    });
    await waitFor(async () => (await scrollTo(1e9), view.sent.some(({ type }) => type === "loadNewer")), {
      what: "newer rows to be asked for",
      timeoutMs: 30_000,
    });
    await waitFor(async () => (await scrollTo(1e9), text("message 11999 of many").isVisible()), { what: "the last row", timeoutMs: 30_000 });
    view.append(journal(many(3, 12_000), 12_001));
    await text("message 12002 of many").waitFor();
    expect(await nodeCount()).toBeLessThan(500);
  });

  test("shows tool calls or errors alone", async () => {
    await open([
      ...many(300),
      tool("good", { status: "completed", toolName: "read" }),
      tool("bad", { status: "failed", toolName: "shell" }),
      ...many(300, 300),
    ]);
    await text("message 599 of many").waitFor();
    await view.page.getByRole("button", { name: "Tools" }).click();
    await at("details.tool").nth(1).waitFor();
    expect(await at(".row").count()).toBe(2);
    await view.page.getByRole("button", { name: "Errors" }).click();
    await waitFor(async () => (await at(".row").count()) === 1, { what: "the failed call alone" });
    expect(await view.page.getByRole("button", { name: "Errors" }).getAttribute("aria-pressed")).toBe("true");
  });

  test("comes back where the user was reading", async () => {
    await open(many(3_000), { state: { taskId, filter: "all", anchor: { seq: 1_000, offset: 5 } } });
    await text("message 999 of many").waitFor();
    const top = await at(".scroller").boundingBox();
    const row = await text("message 999 of many").boundingBox();
    expect(Math.abs((row?.y ?? 0) - (top?.y ?? 0))).toBeLessThan(40);
    expect(view.sent[0]).toEqual({ type: "show", seq: 1_000 });
    await at(".scroller").hover();
    await view.page.mouse.wheel(0, 600);
    const keptSeq = async (): Promise<number | undefined> => ((await view.keptState()) as { anchor?: { seq: number } }).anchor?.seq;
    await waitFor(async () => ((await keptSeq()) ?? 0) > 1_000, { what: "the new place to be kept" });
    expect(await view.keptState()).toMatchObject({ taskId, filter: "all", draft: "" });
  });
});

describe("finding", () => {
  test("goes to what is not loaded, round and round, marks it, and ends with Escape", async () => {
    const bodies = [...many(4_000)];
    bodies[10] = say("the needle is early", "early");
    bodies[2_000] = tool("c", { status: "completed", toolName: "shell", outputDelta: "a NEEDLE in the output" });
    await open(bodies);
    await text("message 3999 of many").waitFor();
    await view.page.keyboard.press("Control+f");
    await view.page.keyboard.type("needle");
    const count = (words: string): Promise<void> => at(".count").filter({ hasText: words }).waitFor();
    await count("2 of 2");
    await at("details.tool[open] .output").filter({ hasText: "a NEEDLE" }).waitFor();
    await view.page.keyboard.press("F3");
    await count("1 of 2");
    await text("the needle is early").waitFor();
    expect(await view.page.evaluate("CSS.highlights.get('find-current').size")).toBe(1);
    await view.page.keyboard.press("Shift+F3");
    await count("2 of 2");
    await view.page.keyboard.press("Escape");
    await at(".findBar").waitFor({ state: "hidden" });
    expect(await view.page.evaluate("CSS.highlights.size")).toBe(0);
    expect(view.sent.at(-1)).toEqual({ type: "endFind" });
  });

  test("says that there is nothing, and shows what a filter hides", async () => {
    await open([say("hidden by the filter"), tool("c", { status: "completed", toolName: "read" })]);
    await view.page.getByRole("button", { name: "Tools" }).click();
    await view.page.keyboard.press("Control+f");
    await view.page.keyboard.type("absent");
    await text("Nothing found").waitFor();
    await view.page.getByRole("textbox", { name: "Find in the run" }).fill("hidden");
    await text("1 of 1").waitFor();
    await text("hidden by the filter").waitFor();
    expect(await view.page.getByRole("button", { name: "All", exact: true }).getAttribute("aria-pressed")).toBe("true");
  });
});

describe("the keyboard", () => {
  test("has one stop for the toolbar, with arrows inside", async () => {
    await open(many(3));
    await view.page.getByRole("button", { name: "All", exact: true }).focus();
    await view.page.keyboard.press("ArrowRight");
    expect(await at(":focus").textContent()).toBe("Tools");
    await view.page.keyboard.press("End");
    expect(await at(":focus").textContent()).toBe("Collapse all");
    await view.page.keyboard.press("ArrowRight");
    expect(await at(":focus").textContent()).toBe("All");
    expect(await at('.toolbar button[tabindex="0"]').count()).toBe(1);
    await view.page.keyboard.press("Tab");
    expect(await at(":focus").getAttribute("class")).toBe("scroller");
  });

  test("goes from row to row, opens a card, and never loses its place", async () => {
    await open([...many(100), tool("c", { status: "completed", toolName: "shell", input: { command: "ls" } })]);
    await at("details.tool").waitFor();
    await at(".scroller").focus();
    await view.page.keyboard.press("ArrowUp");
    expect(await at(":focus").textContent()).toContain("ls");
    await view.page.keyboard.press("Enter");
    await at("details.tool[open]").waitFor();
    await view.page.keyboard.press("ArrowUp");
    expect(await at(":focus").textContent()).toContain("message 99 of many");
    await view.page.keyboard.press("Home");
    await at(":focus").filter({ hasText: "message 0 of many" }).waitFor();
    await view.page.keyboard.press("End");
    await at(":focus").filter({ hasText: "ls" }).waitFor();
  });
});

describe("the head", () => {
  test("shows the newest plan as a list that stays, tokens and context", async () => {
    await open(
      [
        { type: "plan", entries: [{ text: "Old", status: "pending" }] },
        {
          type: "plan",
          entries: [
            { text: "Look", status: "completed" },
            { text: "Write", status: "in_progress" },
          ],
        },
        ...many(100),
      ],
      {
        attempts: [
          {
            taskId,
            number: 1,
            token: 1,
            owner: "me",
            outcome: "running",
            startedAt: 0,
            steps: [],
            commits: [],
            usage: { inputTokens: 900, outputTokens: 100, costUsd: 0.25, contextUsed: 50, contextSize: 100 },
          },
        ],
      },
    );
    await text("Plan: 1 of 2 done · Write").waitFor();
    expect(await at(".plan li").allTextContents()).toEqual(["Look, done", "Write, under way"]);
    expect(await at(".meter").getAttribute("aria-valuenow")).toBe("50");
    await at(".usage summary").filter({ hasText: "1,000 tokens, $0.250" }).waitFor();
    view.append(
      journal(
        [
          {
            type: "plan",
            entries: [
              { text: "Look", status: "completed" },
              { text: "Write", status: "completed" },
            ],
          },
        ],
        103,
      ),
    );
    await text("Plan: 2 of 2 done").waitFor();
  });
});
