/** Shoots the pictures of the README and of the walkthrough in a real VS Code with real Goose: `npm run screenshots`. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { FrameLocator } from "playwright-core";
import { Session } from "../e2e/session.ts";
import { gooseConfig } from "../helpers/gooseConfig.ts";
import type { Workbench } from "../helpers/vscodeHost/workbench.ts";
import { failing, finished, pictureScript, publishing, running, waiting } from "./pictureTasks.ts";

const media = (path: string): string => fileURLToPath(new URL(`../../media/${path}`, import.meta.url));
/** Bar with the window's title above, status bar below: they name a temporary folder and ports. */
const bars = { top: 35, bottom: 32 };
const sideBarEnd = 430;
const size = { width: 1280, height: 930 };

interface Scene {
  readonly window: Workbench;
  readonly view: FrameLocator;
}

const session = await Session.start({
  script: pictureScript,
  settings: { "taskMaster.budget.task": { turns: 8, minutes: 60 }, "workbench.colorTheme": "Default Dark Modern" },
});
try {
  const scene = await stage();
  for (const [theme, name] of [
    ["Dark Modern", "dark"],
    ["Light Modern", "light"],
  ] as const) {
    await chooseTheme(scene, theme);
    await shoot(scene, name);
  }
  await scene.window.close();
} finally {
  await session.stop();
}

/** Brings every task to where the pictures show it. */
async function stage(): Promise<Scene> {
  // Goose makes a plan only with its list of what is to do.
  session.home.write(".config/goose/config.yaml", gooseConfig(["todo"]));
  const window = await session.open();
  await window.openContainer("Task Master");
  await window.page.locator(".welcome-view-content .monaco-button").filter({ hasText: "Add Task" }).waitFor();
  await window.page.setViewportSize(size);
  await widenSideBar(window);
  for (const [title, ...flags] of waiting) session.cli("add", title, ...flags);
  const first = JSON.parse(session.cli("add", running, "--json")) as { readonly id: string };
  session.cli("add", "Translate the greeting", "--depends", first.id);
  for (const [title, state, ...flags] of [
    [finished, "done"],
    [failing, "failed", "--accept", "node settings.test.mjs", "--attempts", "1"],
    [publishing, "needs you"],
  ] as const) {
    session.cli("add", title, ...flags);
    await window.rows(title).waitFor();
    await window.clickInlineAction(title, "Run Task");
    await window.rows(title).filter({ hasText: state }).waitFor();
  }
  await window.clickInlineAction(rowOf(running), "Run Task");
  await window.rows(rowOf(running)).filter({ hasText: "node greet.test.mjs" }).waitFor();
  return { window, view: session.runView(window) };
}

/** The row of a task, not one that names it as what it waits for. */
function rowOf(title: string): RegExp {
  return new RegExp(`^\\s*${title}`);
}

/** Drags the edge of the side bar, so that rows can be read. */
async function widenSideBar({ page }: Workbench): Promise<void> {
  const box = await page.locator(".part.sidebar").boundingBox();
  if (box === null) throw new Error("there is no side bar");
  await page.mouse.move(box.x + box.width + 1, 400);
  await page.mouse.down();
  await page.mouse.move(sideBarEnd, 400, { steps: 5 });
  await page.mouse.up();
}

async function chooseTheme({ window }: Scene, theme: string): Promise<void> {
  // The palette does not open from a webview that has the focus.
  await window.page.locator(".sidebar .composite.title").click();
  await window.runCommand("Preferences: Color Theme");
  await window.typeInput(theme);
  await window.pick(theme);
}

/** The three pictures in the theme that is chosen. */
async function shoot(scene: Scene, theme: "dark" | "light"): Promise<void> {
  const { window, view } = scene;
  mkdirSync(media("screenshots"), { recursive: true });
  await openRun(scene, publishing);
  await view.getByRole("button", { name: "Allow once" }).and(view.locator(":enabled")).waitFor();
  await capture(scene, `screenshots/question-${theme}.png`, "editor");
  await openRun(scene, running);
  await view.getByText("3 of 4 languages").waitFor();
  await capture(scene, `screenshots/run-view-${theme}.png`, "window");
  await capture(scene, `walkthrough/run-${theme}.png`, "editor");
  const last = await window
    .rows(/failed/)
    .last()
    .boundingBox();
  await capture(scene, `walkthrough/tasks-${theme}.png`, { x: 0, y: bars.top, width: sideBarEnd, height: (last?.y ?? 600) + 40 - bars.top });
}

async function openRun({ window, view }: Scene, title: string): Promise<void> {
  await window.runCommand("View: Close All Editors");
  await window.rows(rowOf(title)).click();
  await view.getByRole("heading", { name: title }).waitFor();
  // So that nothing looks hovered or focused.
  await window.page.locator(".sidebar .composite.title").click();
  await window.runCommand("Notifications: Clear All Notifications");
  await window.page.mouse.move(sideBarEnd / 2, 700);
}

type Region = "window" | "editor" | { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

async function capture({ window, view }: Scene, file: string, region: Region): Promise<void> {
  // Pictures that are made anew shall differ only where the product does.
  await view.locator("body").evaluate((body) => {
    for (const [index, node] of [...body.querySelectorAll(".time")].entries()) node.textContent = `21:04:${String(10 + 2 * index)}`;
    for (const node of body.querySelectorAll(".elapsed")) node.textContent = "2 min 40 s";
  });
  const { width, height } = size;
  const full = { x: 0, y: bars.top, width, height: height - bars.top - bars.bottom };
  const clip = region === "window" ? full : region === "editor" ? { ...full, x: sideBarEnd + 2, width: width - sideBarEnd - 2 } : region;
  await window.page.screenshot({ path: media(file), clip });
}
