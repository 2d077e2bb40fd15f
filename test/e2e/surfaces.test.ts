/** What the main job does not touch: questions, messages, one tool call stopped, demo, provider, diagnostics; all in one window. */
import { waitFor } from "../helpers/leakCheck.ts";
import axe from "axe-core";
import type { FrameLocator } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { byPrompt, hold, messageText, type ModelReply } from "../helpers/modelServer.ts";
import { Workbench } from "../helpers/vscodeHost/workbench.ts";
import { Session } from "./session.ts";

const asking = "Publish it";
const allowed = "Publish it again";
const talking = "Write the notes";
const release = Promise.withResolvers<void>();
const call = (name: string, input: Readonly<Record<string, unknown>>): ModelReply => ({ kind: "tools", calls: [{ name, arguments: input }] });
const say = (text: string): ModelReply => ({ kind: "text", text });

let session: Session;
let window: Workbench;
let view: FrameLocator;

/** Keeps every text that a welcome view shows, however shortly. */
const watchWelcome = `globalThis.welcomes = [];
new MutationObserver(() => {
  for (const { textContent } of document.querySelectorAll(".welcome-view-content")) globalThis.welcomes.push(textContent);
}).observe(document, { subtree: true, childList: true, characterData: true });`;

beforeAll(async () => {
  session = await Session.start({
    settings: { "taskMaster.workerPool.size": 1, "taskMaster.budget.task": { turns: 50 } },
    script: byPrompt([
      ["Add a heading", [call("write", { path: "notes.md", content: "# Notes\n\nSome.\n" }), say("The heading is there.")]],
      [allowed, [call("shell", { command: "git push nowhere" }), call("write", { path: "b.txt", content: "b\n" }), say("Tried.")]],
      [asking, [call("shell", { command: "git push nowhere" }), call("write", { path: "a.txt", content: "a\n" }), say("Left alone.")]],
      [
        talking,
        [
          call("shell", { command: "sleep 631" }),
          hold(release.promise, call("write", { path: "notes.md", content: "Some.\n" })),
          say("The notes are written."),
        ],
      ],
    ]),
  });
  window = await Workbench.open(session.context, session.server.url, {
    folder: session.repo.dir,
    prepare: async (page) => void (await page.addInitScript(watchWelcome)),
  });
  view = session.runView(window);
  await window.openContainer("Task Master");
  await window.page.locator(".welcome-view-content .monaco-button").filter({ hasText: "Add Task" }).waitFor();
});
afterAll(() => session.stop());

interface AxeResult {
  readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[];
}

async function violations(): Promise<readonly string[]> {
  const frame = await (await view.locator("html").elementHandle())?.ownerFrame();
  if (frame === undefined || frame === null) throw new Error("the run view has no frame");
  await frame.evaluate(axe.source);
  const { violations: found } = (await frame.evaluate("axe.run()")) as AxeResult;
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}

async function addAndRun(title: string): Promise<void> {
  session.cli("add", title);
  await window.rows(title).waitFor();
  await window.clickInlineAction(title, "Run Task");
}

/** All that was said to the model. */
const told = (): string =>
  session.model.requests
    .flatMap(({ messages }) => messages)
    .map(messageText)
    .join("\n");

test("at no moment the view says that the repository is missing", async () => {
  const shown = await window.page.evaluate<string[]>("globalThis.welcomes");
  expect(shown.some((text) => text.includes("Add Task"))).toBe(true);
  expect(shown.filter((text) => text.includes("not in a git repository"))).toEqual([]);
});

test("a question is rejected in the run view with a note, which Goose is told", async () => {
  await addAndRun(asking);
  await window.rows(asking).filter({ hasText: "needs you" }).waitFor();
  await window.rows(asking).click();
  const reject = view.getByRole("button", { name: "Reject", exact: true });
  await view.locator(".question pre").getByText("git push nowhere").waitFor();
  expect(await violations()).toEqual([]);
  await view.getByRole("textbox", { name: "Note to Goose" }).fill("Leave it on its branch");
  await reject.click();
  await view.getByText("Rejected: Leave it on its branch").waitFor();
  await window.rows(asking).filter({ hasText: "done" }).waitFor();
  expect(told()).toContain("Leave it on its branch");
});

test("a question is answered on the row of its task", async () => {
  await addAndRun(allowed);
  await window.rows(allowed).filter({ hasText: "needs you" }).waitFor();
  // A click on a question that has only just appeared is not taken for an answer.
  const shown = Date.now();
  await waitFor(() => Date.now() > shown + 2_000, { what: "the time in which no click counts" });
  await window.clickInlineAction(allowed, "Allow Once");
  await window.rows(allowed).filter({ hasText: "done" }).waitFor();
});

test("one tool call is stopped by the mouse; a message goes to the running task, and a follow-up to the one that is done", async () => {
  await addAndRun(talking);
  await window.rows(talking).filter({ hasText: "sleep 631" }).waitFor();
  await window.rows(talking).click();
  const running = view.locator('.row:has(> details.tool[data-status="in_progress"])');
  await running.getByRole("button", { name: "Stop", exact: true }).waitFor();
  await view.getByText("of 50 turns of the task's budget used").waitFor();
  expect(await violations()).toEqual([]);
  await running.getByRole("button", { name: "Stop", exact: true }).click();
  await view.locator('details.tool[data-status="failed"]').filter({ hasText: "sleep 631" }).waitFor();
  const field = view.getByRole("textbox", { name: "Message to Goose" });
  await field.fill("Keep it short");
  await field.press("Enter");
  await view.locator(".waiting").getByText("Keep it short").waitFor();
  release.resolve();
  await window.rows(talking).filter({ hasText: "done" }).waitFor();
  expect(told()).toContain("Keep it short");
  await view.getByRole("textbox", { name: "Follow up" }).fill("Add a heading");
  await view.getByRole("button", { name: "Send" }).click();
  await view.getByText("The heading is there.").waitFor();
  await window.rows(talking).filter({ hasText: "done" }).waitFor();
});

test("running all tasks leaves the field for messages free, and can be told to start no more", async () => {
  const hung = Promise.withResolvers<void>();
  session.model.setScript(() => hold(hung.promise, say("Nothing had to be changed.")));
  session.cli("add", "Wait for me");
  await window.rows("Wait for me").waitFor();
  await window.runCommand("Task Master: Run All Tasks");
  await window.rows("Wait for me").filter({ hasText: "running" }).waitFor();
  expect(await window.toasts("running all tasks").count()).toBe(0);
  session.cli("add", "Never started");
  await window.runCommand("Task Master: Run All Tasks");
  await window.clickToastButton("All tasks are being run already", "Start No More");
  await window.clickInlineAction("Wait for me", "Stop");
  await window.rows("Wait for me").filter({ hasText: "stopped" }).waitFor();
  hung.resolve();
  await window.toasts("Ran ").waitFor();
  expect(await window.rows("Never started").textContent()).toContain("ready");
});

test("the demo plays two tasks without a model", async () => {
  const asked = session.model.requests.length;
  await window.runCommand("Task Master: Try Demo");
  await window.clickDialogButton("Start Demo");
  await view.getByRole("heading", { name: "Demo: write a note" }).waitFor();
  await window.rows("Demo: add to the note").filter({ hasText: "done" }).waitFor();
  expect(session.model.requests.length).toBe(asked);
});

test("a provider is set up, looked at, and works on a task", async () => {
  session.model.setScript(byPrompt([["With the provider", [call("write", { path: "c.txt", content: "c\n" }), say("Written.")]]]));
  await window.runCommand("Task Master: Set Up Provider");
  await window.quickPickRows("Goose's own configuration").waitFor();
  await window.typeInput("OpenAI");
  await window.pick("including OpenAI compatible ones");
  const values = { OPENAI_API_KEY: "secret-of-the-provider", OPENAI_HOST: session.model.url, OPENAI_BASE_PATH: "v1/chat/completions" };
  for (const [name, value] of Object.entries(values)) {
    await window.inputText().getByText(name).waitFor();
    await window.typeInput(value);
    await window.page.keyboard.press("Enter");
  }
  await window.pick("Another model…");
  await window.answerInput("scripted-model");
  await window.toasts("Goose is ready").waitFor();
  await addAndRun("With the provider");
  await window.rows("With the provider").filter({ hasText: "done" }).waitFor();
  expect(session.model.requests.at(-1)?.headers.authorization).toBe("Bearer secret-of-the-provider");
});

test("the diagnostics hold the set-up, but neither a task's text nor a secret", async () => {
  await window.runCommand("Task Master: Copy Diagnostics");
  await window.clickToastButton("The diagnostics are in the clipboard", "Show");
  const text = window.page.locator(".editor-instance .view-lines");
  await text.getByText("Task Master for Goose").first().waitFor();
  const shown = await text.innerText();
  expect(shown).toMatch(/openai/);
  expect(shown).not.toMatch(/secret-of-the-provider|Publish it|Write the notes/);
});
