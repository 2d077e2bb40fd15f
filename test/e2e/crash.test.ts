/** The extension host is killed in the middle of a task: nothing of it lives on, the tree tells the truth, resume goes on. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { byPrompt } from "../helpers/modelServer.ts";
import type { Workbench } from "../helpers/vscodeHost/workbench.ts";
import { Session } from "./session.ts";

const title = "Write two files";
let session: Session;
let window: Workbench;

beforeAll(async () => {
  session = await Session.start({
    script: byPrompt([
      [
        "You were interrupted",
        [
          { kind: "tools", calls: [{ name: "write", arguments: { path: "second.txt", content: "2\n" } }] },
          { kind: "text", text: "Both files are there." },
        ],
      ],
      [
        title,
        [
          { kind: "tools", calls: [{ name: "write", arguments: { path: "first.txt", content: "1\n" } }] },
          { kind: "tools", calls: [{ name: "shell", arguments: { command: "sleep 621 & setsid sleep 622 & sleep 623; wait" } }] },
        ],
      ],
    ]),
  });
  session.cli("add", title);
  window = await session.open();
  await window.openContainer("Task Master");
  await window.rows(title).waitFor();
});
afterAll(() => session.stop());

const ofTheTask = async (): Promise<string[]> =>
  (await processesWithMarker(session.home.dir)).map(({ args }) => args).filter((args) => /^sleep 62[123]$|goose acp$/.test(args));

test("nothing of the task is alive 5 s after its extension host was killed", async () => {
  await window.runCommand("Task Master: Run Next Task");
  await waitFor(async () => (await ofTheTask()).length === 4, { what: "Goose and its three commands" });
  const [host] = await session.server.extensionHosts();
  process.kill(host as number, "SIGKILL");
  const view = session.runView(window);
  await waitFor(async () => (await ofTheTask()).length === 0, { what: "the end of Goose and its commands", timeoutMs: 5_000 });
  await view.getByText("This view has lost its connection.").waitFor();
  expect(await view.locator(".buttons button:enabled").count()).toBe(0);
});

test("the run is opened again in the place of the view that lost its connection", async () => {
  await window.rows(title).filter({ hasText: "paused" }).click({ timeout: 60_000 });
  await session.runView(window).getByText("Paused", { exact: true }).waitFor();
  expect(await window.tab(title).count()).toBe(1);
  await session.runView(window).locator('details.tool[data-status="cancelled"]').filter({ hasText: "sleep 621" }).waitFor();
});

test("the restarted host shows the task as paused; resume finishes it in the same attempt", async () => {
  await window.rows(title).filter({ hasText: "paused" }).waitFor({ timeout: 60_000 });
  await window.clickInlineAction(title, "Resume");
  await window.rows(title).filter({ hasText: "done" }).waitFor({ timeout: 60_000 });
  const [id] = session.cli("list", "--json").match(/[0-9a-hjkmnp-tv-z]{8}/) ?? [];
  const task = JSON.parse(session.cli("show", id as string, "--json")) as { branch: string; attempts: unknown[] };
  expect(task.attempts).toHaveLength(1);
  expect(session.repo.git("ls-tree", "--name-only", task.branch).split("\n")).toEqual(["README.md", "first.txt", "second.txt"]);
  expect(session.repo.git("worktree", "list").split("\n")).toHaveLength(1);
});
