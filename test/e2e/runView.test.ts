/** The run view in a real VS Code: every theme for everybody, files and links opened by the host, its place kept over a reload. */
import axe from "axe-core";
import type { FrameLocator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TaskEventBody } from "../../src/model/taskEvent.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { seedRun } from "../helpers/seedRun.ts";
import type { Workbench } from "../helpers/vscodeHost/workbench.ts";
import { Session } from "./session.ts";

const title = "A run with everything";
const longTitle = "A long run";

const everything: readonly TaskEventBody[] = [
  { type: "created" },
  { type: "started", owner: "me" },
  {
    type: "plan",
    entries: [
      { text: "Look around", status: "completed" },
      { text: "Write it", status: "in_progress" },
      { text: "Test it", status: "pending" },
    ],
  },
  { type: "message", role: "user", messageId: "u", text: "Please do it." },
  { type: "message", role: "thought", messageId: "t", text: "I wonder **how**." },
  {
    type: "message",
    role: "agent",
    messageId: "m",
    text: "# Title\n\nText with `code`, a [link](https://example.com/page) and **more**.\n\n```ts\nconst a = 1;\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n\n1. one\n2. two\n",
  },
  { type: "message", role: "notice", messageId: "n", text: "A notice." },
  {
    type: "tool_call",
    call: {
      toolCallId: "edit",
      status: "completed",
      toolName: "edit",
      kind: "edit",
      locations: [{ path: "notes/place.txt", line: 2 }, { path: "../../../etc/passwd" }],
      diffs: [{ path: "notes/place.txt", oldText: "one\ntwo\n", newText: "one\nthree\n" }],
      activity: "a step inside",
    },
  },
  {
    type: "tool_call",
    call: { toolCallId: "shell", status: "failed", toolName: "shell", kind: "execute", input: { command: "npm test" }, outputDelta: "no\n", exitCode: 1 },
  },
  { type: "error", code: "INTERNAL", message: "It broke.", details: "Deep inside." },
  { type: "log", level: "warn", message: "Take care." },
];
const many: readonly TaskEventBody[] = Array.from({ length: 2_000 }, (_, i) => ({
  type: "message",
  role: "agent",
  messageId: `m${i}`,
  text: `message ${i} of many`,
}));

let session: Session;
let window: Workbench;
let view: FrameLocator;

beforeAll(async () => {
  session = await Session.start();
  session.repo.write("notes/place.txt", "one\nthree\n");
  await seedRun(session, title, everything);
  await seedRun(session, longTitle, many);
  window = await session.open();
  await window.openContainer("Task Master");
  await window.rows(title).click();
  view = session.runView(window);
  await view.getByText("Take care.").waitFor();
  await view.getByRole("button", { name: "Expand all" }).click();
});
afterAll(() => session.stop());

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[] }[];
}

/** What axe-core finds wrong in the page as it is now. */
async function violations(): Promise<readonly string[]> {
  const frame = await (await view.locator("html").elementHandle())?.ownerFrame();
  if (frame === undefined || frame === null) throw new Error("the run view has no frame");
  await frame.evaluate(axe.source);
  const { violations: found } = (await frame.evaluate("axe.run()")) as AxeResult;
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary = "" }) => `${id}: ${html.slice(0, 200)} ${failureSummary.split("\n").slice(1).join(" ")}`),
  );
}

async function chooseTheme(theme: string): Promise<void> {
  await window.rows(longTitle).hover();
  // The palette does not open from a webview that has the focus.
  await window.page.locator(".sidebar .composite.title").click();
  await window.runCommand("Preferences: Color Theme");
  await window.typeInput(theme);
  await window.pick(theme);
}

describe.each([
  ["Dark Modern", "vscode-dark"],
  ["Light Modern", "vscode-light"],
  ["Dark High Contrast", "vscode-high-contrast"],
  ["Light High Contrast", "vscode-high-contrast-light"],
])("%s", (theme, className) => {
  test("axe-core finds nothing wrong, wherever the log is scrolled", async () => {
    await chooseTheme(theme);
    await view.locator(`body.${className}`).waitFor({ state: "attached" });
    const scroller = view.locator(".scroller");
    await scroller.evaluate((node) => void (node.scrollTop = 0));
    await view.getByText("Task added").waitFor();
    expect(await violations()).toEqual([]);
    await scroller.evaluate((node) => void (node.scrollTop = node.scrollHeight));
    await view.getByText("Take care.").waitFor();
    expect(await violations()).toEqual([]);
  });
});

test("nor in the find bar and among the hits", async () => {
  await view.getByRole("button", { name: "Find", exact: true }).click();
  await view.getByRole("textbox", { name: "Find in the run" }).fill("one");
  await view.getByText(/^\d of \d$/).waitFor();
  expect(await violations()).toEqual([]);
  await view.getByRole("textbox", { name: "Find in the run" }).press("Escape");
});

test("a place opens in an editor; one outside of the repository does not, and says so", async () => {
  await view.getByRole("button", { name: "../../../etc/passwd" }).click();
  await window.toasts(/outside the worktree/).waitFor();
  await view.getByRole("button", { name: "notes/place.txt:2" }).click();
  await window.tab("place.txt").waitFor();
  await window.page.locator(".editor-instance .view-line").filter({ hasText: "three" }).waitFor();
  expect(await window.tab("passwd").count()).toBe(0);
  await window.rows(title).click();
  await view.getByText("Take care.").waitFor();
});

test("a link opens only when the user says so to VS Code", async () => {
  await view.getByRole("link", { name: "link" }).click();
  await window.dialog().filter({ hasText: "https://example.com/page" }).waitFor();
  await window.clickDialogButton("Cancel");
});

test("the place where the user reads is there again after a reload of the window", async () => {
  await window.rows(longTitle).click();
  view = session.runView(window);
  await view.getByText("message 1999 of many").waitFor();
  const scroller = view.locator(".scroller");
  const at = async (): Promise<string | null> => view.locator(".row").first().textContent();
  const bottom = await at();
  await scroller.evaluate((node) => void (node.scrollTop -= 4_000));
  await waitFor(async () => (await at()) !== bottom, { what: "other rows" });
  await view.getByRole("button", { name: "Jump to end" }).waitFor();
  const seen = await view.locator(".row").nth(10).textContent();
  await window.page.locator(".sidebar .composite.title").click();
  const loaded = window.page.waitForEvent("domcontentloaded");
  // VS Code keeps the state of its webviews when it reloads by itself; the palette goes with the page.
  void window.runCommand("Developer: Reload Window").catch(() => undefined);
  await loaded;
  view = session.runView(window);
  await view.getByText(seen ?? "").waitFor({ timeout: 60_000 });
  expect(await view.getByText("message 1999 of many").count()).toBe(0);
});
