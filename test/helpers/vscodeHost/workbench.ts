/** Page objects for VS Code's workbench in a headless Chromium: what a person sees and clicks. */
import { chromium, type Browser, type BrowserContext, type FrameLocator, type Locator, type Page } from "playwright-core";
import { waitFor } from "../leakCheck.ts";
import { findChromium } from "./setup.ts";

/** What a window shows and in which browser profile. */
export interface WindowOptions {
  /** Absolute path of the folder to open. */
  readonly folder?: string;
  /** More parameters of the address. */
  readonly query?: Readonly<Record<string, string>>;
  /** Called with the blank page, for instance to expose functions to the window. */
  readonly prepare?: (page: Page) => Promise<void>;
}

const patience = 30_000;

/** Starts the headless browser. */
export async function launchBrowser(): Promise<Browser> {
  // Containers often run as root and with a tiny /dev/shm.
  return chromium.launch({
    executablePath: findChromium(),
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
  });
}

/** Makes a browser profile; windows in the same one share workspace state and secrets. */
export async function newContext(browser: Browser): Promise<BrowserContext> {
  return browser.newContext({ viewport: { width: 1280, height: 800 } });
}

/** One window of VS Code. */
export class Workbench implements AsyncDisposable {
  readonly page: Page;
  /** Lines of the browser's console, for the message of a failed test. */
  readonly consoleLines: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => this.consoleLines.push(`[${message.type()}] ${message.text()}`));
    page.on("pageerror", (error) => this.consoleLines.push(`[error] ${error.message}`));
  }

  /** Opens a window on a server and waits until its shell is painted (extensions start later). */
  static async open(context: BrowserContext, url: string, { folder, query = {}, prepare }: WindowOptions = {}): Promise<Workbench> {
    const page = await context.newPage();
    page.setDefaultTimeout(patience);
    const workbench = new Workbench(page);
    await prepare?.(page);
    const address = new URL(url);
    if (folder === undefined) address.searchParams.set("ew", "true");
    else address.searchParams.set("folder", folder);
    for (const [key, value] of Object.entries(query)) address.searchParams.set(key, value);
    await page.goto(address.href, { waitUntil: "domcontentloaded" });
    await workbench.#waitForShell();
    return workbench;
  }

  /** Opens a view container of the activity bar; this waits until the extension is known to VS Code. */
  async openContainer(label: string): Promise<void> {
    const action = this.page.locator(`.activitybar .action-label[aria-label^=${quoted(label)}]`);
    await action.waitFor({ timeout: 2 * patience });
    const isOpen = this.page.locator(`.activitybar .action-item.checked .action-label[aria-label^=${quoted(label)}]`);
    // A second click would close the side bar again.
    if ((await isOpen.count()) === 0) await action.click();
    await isOpen.waitFor();
  }

  /** Rows of the trees in view, all or those with a text. */
  rows(text?: string | RegExp): Locator {
    const rows = this.page.locator(".pane-body .monaco-list-row[role=treeitem]");
    return text === undefined ? rows : rows.filter({ hasText: text });
  }

  /** The grey text after the label of a row. */
  rowDescription(text: string | RegExp): Locator {
    return this.rows(text).locator(".label-description");
  }

  /** Clicks a button inside a row; it is shown only while the mouse is over the row. */
  async clickInlineAction(row: string | RegExp, title: string): Promise<void> {
    await this.rows(row).hover();
    await this.rows(row)
      .locator(`.actions .action-label[aria-label^=${quoted(title)}]`)
      .click();
  }

  /** Chooses an entry of a row's context menu. */
  async chooseFromContextMenu(row: string | RegExp, entry: string): Promise<void> {
    await this.rows(row).click({ button: "right" });
    const item = this.page.locator(".monaco-menu .action-item").filter({ hasText: entry });
    await item.waitFor();
    // VS Code ignores the first moments of the mouse over a new menu, so that the right click itself chooses nothing.
    await item.hover();
    await item.click();
  }

  /** Clicks a button in the title bar of a view or of its container. */
  async clickViewAction(title: string): Promise<void> {
    // One view alone has its buttons in the container's title; several views show theirs while the mouse is over them.
    const pane = this.page.locator(".sidebar .pane-header").first();
    if (await pane.isVisible()) await pane.hover();
    await this.page
      .locator(`.sidebar .action-label[aria-label^=${quoted(title)}]:visible`)
      .first()
      .click();
  }

  /** Runs a command by its title in the palette ("Category: Title"); returns when the palette is closed or asks for input. */
  async runCommand(title: string): Promise<void> {
    const row = this.quickPickRows(title).first();
    // The palette lists what VS Code knows when it opens: right after the start that may not be the command yet.
    const isListed = async (): Promise<boolean> => {
      await this.#openPalette();
      await this.#input.fill(`>${title}`);
      const listed = await row.waitFor({ timeout: 2000 }).then(
        () => true,
        () => false,
      );
      if (!listed) await this.page.keyboard.press("Escape");
      return listed;
    };
    await waitFor(isListed, { timeoutMs: patience, what: `"${title}" in the palette` });
    await row.click();
    // An input of the command itself reuses the widget, so it is the palette's own text that has to go.
    const isGone = async (): Promise<boolean> => !(await this.#input.isVisible()) || !(await this.#input.inputValue()).startsWith(">");
    await waitFor(isGone, { timeoutMs: patience, what: `the palette to run "${title}"` });
  }

  /** Entries of the open quick pick, all or those with a text. */
  quickPickRows(text?: string | RegExp): Locator {
    const rows = this.page.locator(".quick-input-list .monaco-list-row");
    return text === undefined ? rows : rows.filter({ hasText: text });
  }

  /** Types into the open input box or quick pick and accepts it; to see an input refused use typeInput. */
  async answerInput(text: string): Promise<void> {
    await this.typeInput(text);
    await this.page.keyboard.press("Enter");
    // The next input would be taken for this one until the extension host has heard the answer.
    const isAnswered = async (): Promise<boolean> => !(await this.#input.isVisible()) || (await this.#input.inputValue()) !== text;
    await waitFor(isAnswered, { timeoutMs: patience, what: `the input to take "${text}"` });
  }

  /** Types into the open input box or quick pick without accepting it. */
  async typeInput(text: string): Promise<void> {
    await this.#input.waitFor();
    await this.#input.fill(text);
  }

  /** Chooses an entry of the open quick pick that takes one answer. */
  async pick(text: string | RegExp): Promise<void> {
    const row = this.quickPickRows(text).first();
    await row.click();
    await row.waitFor({ state: "hidden" });
  }

  /** Title, prompt and validation message of the open input box or quick pick. */
  inputText(): Locator {
    return this.page.locator(".quick-input-widget");
  }

  /** The page of an extension's webview panel (an editor); the id is "publisher.name". */
  webviewPanel(extensionId: string): FrameLocator {
    return this.#webview(`[src*="extensionId=${extensionId}"]:not([src*="purpose="])`);
  }

  /** The page of an extension's webview in the side bar or panel. */
  webviewView(extensionId: string): FrameLocator {
    return this.#webview(`[src*="extensionId=${extensionId}"][src*="purpose=webviewView"]`);
  }

  /** A tab of the editor area. */
  tab(title: string | RegExp): Locator {
    return this.page.locator(".tabs-container .tab").filter({ hasText: title });
  }

  /** A status bar item; the id is "publisher.name.<item id>". */
  statusItem(id: string): Locator {
    return this.page.locator(`.statusbar-item[id="${id}"]`);
  }

  /** Notifications that pop up, all or those with a text. A server with the smoke-test driver shows none. */
  toasts(text?: string | RegExp): Locator {
    const toasts = this.page.locator(".notification-toast");
    return text === undefined ? toasts : toasts.filter({ hasText: text });
  }

  /** Clicks a button of a notification. */
  async clickToastButton(toast: string | RegExp, button: string): Promise<void> {
    await this.toasts(toast).locator(".monaco-button").filter({ hasText: button }).click();
  }

  /** Opens the notification centre and gives its entries. */
  async openNotifications(): Promise<Locator> {
    const entries = this.page.locator(".notifications-center .notification-list-item");
    if (!(await this.page.locator(".notifications-center").isVisible())) {
      await this.page.locator('.statusbar-item[id="status.notifications"]').click();
      await this.page.mouse.move(400, 300);
    }
    return entries;
  }

  /** The open modal dialog. */
  dialog(): Locator {
    return this.page.locator(".monaco-dialog-box");
  }

  /** Clicks a button of the open modal dialog. */
  async clickDialogButton(label: string): Promise<void> {
    await this.dialog().locator(".monaco-button").filter({ hasText: label }).click();
  }

  /** Saves a picture of the window. */
  async screenshot(path: string): Promise<void> {
    await this.page.screenshot({ path });
  }

  /** Loads the window again, which ends its extension host properly and starts a new one. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: "domcontentloaded" });
    await this.#waitForShell();
  }

  /** Closes the window; its extension host then runs deactivate() and ends. */
  async close(): Promise<void> {
    await this.page.close();
  }

  /** Same as close(). */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #input(): Locator {
    return this.page.locator(".quick-input-widget input.input");
  }

  async #waitForShell(): Promise<void> {
    await this.page.locator(".monaco-workbench").waitFor({ timeout: 2 * patience });
  }

  #webview(filter: string): FrameLocator {
    // The outer frame is VS Code's loader; the extension's document is in the inner one.
    return this.page.frameLocator(`iframe.webview.ready${filter}`).frameLocator("iframe#active-frame");
  }

  async #openPalette(): Promise<void> {
    const isOpen = (): Promise<boolean> =>
      this.#input.waitFor({ state: "visible", timeout: 1500 }).then(
        () => true,
        () => false,
      );
    for (let attempt = 0; attempt < 8; attempt++) {
      // A webview that has just opened swallows F1, hence the command centre in the title bar as the other way.
      if (attempt % 2 === 0) await this.page.keyboard.press("F1");
      else await this.page.locator(".command-center .command-center-center").click();
      if (await isOpen()) return;
    }
    throw new Error("the command palette did not open");
  }
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
