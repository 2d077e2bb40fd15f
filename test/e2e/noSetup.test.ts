/** Where something is missing: no error in the log, a message that says what to do, and no process started. */
import { afterEach, expect, test } from "vitest";
import { processesWithMarker } from "../helpers/leakCheck.ts";
import { createTempDir } from "../helpers/tempRepo.ts";
import { Session } from "./session.ts";

let session: Session;
afterEach(() => session.stop());

const gitOrGoose = async (): Promise<string[]> =>
  (await processesWithMarker(session.home.dir)).map(({ args }) => args).filter((args) => /^(\S*\/)?(goose|git)\s/.test(args));

test("no folder is open", async () => {
  session = await Session.start();
  const window = await session.open(null);
  await window.openContainer("Task Master");
  await window.page
    .locator(".welcome-view-content")
    .filter({ hasText: /folder/i })
    .waitFor();
  await window.page.keyboard.press("F1");
  await window.typeInput(">Task Master: ");
  await window.quickPickRows("Task Master: Show Log").waitFor();
  expect(await window.quickPickRows("Task Master: Run Next Task").count()).toBe(0); // what cannot work is not offered
  expect(session.logLines("error")).toEqual([]);
});

test("the folder is no git repository", async () => {
  session = await Session.start();
  using folder = createTempDir("tm-plain-");
  const window = await session.open(folder.dir);
  await window.openContainer("Task Master");
  await window.page
    .locator(".welcome-view-content")
    .filter({ hasText: /git repository/i })
    .waitFor();
});

test("Goose is missing: the task fails with what to do", async () => {
  session = await Session.start({ env: { GOOSE_BINARY: "", PATH: "/usr/bin:/bin" } });
  const window = await session.open();
  await window.openContainer("Task Master");
  await window.runCommand("Task Master: Add Task");
  await window.answerInput("Write something");
  await window.page.keyboard.press("Enter");
  await window.pick(/medium/i);
  await window.rows("Write something").waitFor();
  await window.runCommand("Task Master: Run Next Task");
  await window.rows("Write something").filter({ hasText: "failed" }).waitFor({ timeout: 30_000 });
  await session
    .runView(window)
    .getByText(/Goose was not found/)
    .first()
    .waitFor();
});

test("an untrusted workspace: the queue can be looked at, nothing of git or Goose is started", async () => {
  session = await Session.start({
    workspaceTrust: true,
    settings: { "security.workspace.trust.enabled": true, "security.workspace.trust.startupPrompt": "never", "git.enabled": false },
  });
  session.repo.write(".git/hooks/post-checkout", "#!/bin/sh\ntouch fired\n");
  const window = await session.open();
  await window.openContainer("Task Master");
  await window.page.locator(".welcome-view-content").filter({ hasText: /trust/i }).waitFor();
  session.cli("add", "From the terminal");
  await window.rows("From the terminal").waitFor();
  await window.page.keyboard.press("F1");
  await window.typeInput(">Task Master: ");
  await window.quickPickRows("Task Master: Show Log").waitFor();
  expect(await window.quickPickRows("Task Master: Run Next Task").count()).toBe(0);
  expect(await gitOrGoose()).toEqual([]);
  expect(session.logLines("error")).toEqual([]);
});
