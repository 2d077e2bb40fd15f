/** The main job as a user does it, in a real VS Code with real Goose. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { cyrb53 } from "../../src/base/cyrb53.ts";
import { waitFor } from "../helpers/leakCheck.ts";
import { byPrompt, hold } from "../helpers/modelServer.ts";
import type { Workbench } from "../helpers/vscodeHost/workbench.ts";
import { extensionId } from "./prepare.ts";
import { Session } from "./session.ts";

const release = Promise.withResolvers<void>();
const title = "Create hello.txt with a greeting";
let session: Session;
let window: Workbench;

beforeAll(async () => {
  session = await Session.start({
    script: byPrompt([
      [
        title,
        [
          { kind: "tools", calls: [{ name: "shell", arguments: { command: "echo shell-was-here" } }] },
          hold(release.promise, { kind: "tools", calls: [{ name: "write", arguments: { path: "hello.txt", content: "Hello!\n" } }] }),
          { kind: "text", text: "I wrote hello.txt.", thinking: "A greeting it is." },
        ],
      ],
    ]),
  });
  window = await session.open();
});
afterAll(() => session.stop());

const tasks = (): { id: string; title: string; status: string; branch: string | null }[] =>
  session
    .cli("list", "--json")
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as never);

/** VS Code saves which tabs are open when it reloads by itself; the browser's own reload may come before that. */
async function reload(): Promise<void> {
  const loaded = window.page.waitForEvent("domcontentloaded");
  // The palette goes with the page, so that its end may never be seen; what counts is that the page is loaded anew.
  void window.runCommand("Developer: Reload Window").catch(() => undefined);
  await loaded;
}

test("an empty queue shows what to do; a task is added by the palette", async () => {
  await window.openContainer("Task Master");
  await window.page.locator(".welcome-view-content .monaco-button").filter({ hasText: "Add Task" }).waitFor();
  await window.runCommand("Task Master: Add Task");
  await window.answerInput(title);
  await window.page.keyboard.press("Enter"); // no further details
  await window.pick(/medium/i);
  await window.rows(title).waitFor();
  expect(tasks()).toMatchObject([{ title, status: "todo" }]);
});

test("Run Next Task starts it; the run view shows the tool call with its output", async () => {
  await window.runCommand("Task Master: Run Next Task");
  await window.rows(/running/).waitFor();
  const view = session.runView(window);
  const call = view.locator('details.tool[data-status="completed"]').filter({ hasText: "echo shell-was-here" });
  await call.locator("summary").click(); // folded up by itself when it ended
  await call.getByText("shell-was-here", { exact: true }).waitFor();
});

test("the inline buttons pause and resume it", async () => {
  await waitFor(() => session.model.requests.length >= 2, { what: "the second turn" });
  await window.clickInlineAction(title, "Pause");
  await window.rows(title).filter({ hasText: "paused" }).waitFor();
  release.resolve();
  expect(tasks()).toMatchObject([{ status: "paused" }]);
  await window.clickInlineAction(title, "Resume");
  await window.rows(title).filter({ hasText: /done/ }).waitFor({ timeout: 30_000 });
});

test("the commit is on the branch, the user's checkout is as it was", () => {
  const branch = `tm/${cyrb53(title)}`;
  const { repo } = session;
  expect(repo.git("show", `${branch}:hello.txt`)).toBe("Hello!");
  expect(repo.git("log", "-1", "--format=%(trailers:key=Task-Master-Id,valueonly)", branch).trim()).toBe(`${tasks()[0]?.id}/1`);
  expect(repo.git("status", "--porcelain")).toBe("");
  expect(repo.git("branch", "--show-current")).toBe("main");
});

test("the run view is there again after a reload, made from the journal", async () => {
  await reload();
  const view = session.runView(window);
  await view.getByText("I wrote hello.txt.").first().waitFor({ timeout: 60_000 });
  await view.getByText("echo shell-was-here").first().waitFor();
});

test("a task added in the terminal shows in the open window, and the other way round", async () => {
  session.cli("add", "From the terminal", "--priority", "high");
  await window.openContainer("Task Master");
  await window.rows("From the terminal").waitFor();
  expect(tasks().map((task) => task.title)).toEqual([title, "From the terminal"]);
});

test("after a reload the run that is in a hidden tab is opened in that tab's place, not twice", async () => {
  await window.rows("From the terminal").click();
  await session.runView(window).getByRole("heading", { name: "From the terminal" }).waitFor();
  await reload();
  await session.runView(window).getByRole("heading", { name: "From the terminal" }).waitFor({ timeout: 60_000 });
  expect(await window.tab(title).count()).toBe(1);
  await window.rows(title).click();
  await session.runView(window).getByText("I wrote hello.txt.").first().waitFor();
  await window.page.locator(".tabs-container .tab.active").filter({ hasText: title }).waitFor();
  expect(await window.tab(title).count()).toBe(1);
});

test("a blocked task says why and offers the way out; a removed task is gone, and its open run says so", async () => {
  const first = tasks()[1]?.id ?? "";
  session.cli("add", "Waits for it", "--depends", first);
  await window.rows("Waits for it").filter({ hasText: "blocked by From the terminal" }).waitFor();
  session.cli("cancel", first);
  await window.rows("Waits for it").filter({ hasText: "From the terminal (cancelled: retry it)" }).waitFor();
  await window.clickInlineAction("Waits for it", "Drop Dependency");
  await window.rows("Waits for it").filter({ hasText: "ready" }).waitFor();
  await window.chooseFromContextMenu(/Waits for it/, "Open Run");
  await session.runView(window).getByRole("heading", { name: "Waits for it" }).waitFor();
  await window.chooseFromContextMenu(/Waits for it/, "Remove Task");
  await window.clickDialogButton("Remove");
  await window.rows("Waits for it").waitFor({ state: "detached" });
  await session.runView(window).getByText("This task was removed from the queue.").waitFor();
  expect(tasks().map((task) => task.title)).toEqual([title, "From the terminal"]);
});

test("the status bar tells, and the log has no error", async () => {
  await window.page.locator(`.statusbar-item[id^="${extensionId}"]`).waitFor();
  const errors = window.consoleLines.filter((line) => line.startsWith("[error]") && line.includes("task-master-goose"));
  expect(errors).toEqual([]);
  expect([...session.logLines("error"), ...session.logLines("warning")]).toEqual([]);
});
