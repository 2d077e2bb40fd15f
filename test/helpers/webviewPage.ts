/**
 * The run view's page in a headless Chromium, without VS Code: the script and style sheet of the product under the product's own
 * content security policy, with a stand-in for VS Code's API. Behind it is the extension's own stream on a journal in memory.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { Language } from "../../src/base/l10n.ts";
import type { Attempt, Task } from "../../src/model/task.ts";
import type { TaskEvent } from "../../src/model/taskEvent.ts";
import { parseViewMessage, type HostToView, type ViewToHost } from "../../src/protocol/hostWebview.ts";
import { runHtml } from "../../src/webview/runHtml.ts";
import { RunSearch } from "../../src/webview/runSearch.ts";
import { RunStream, type RunSource } from "../../src/webview/runStream.ts";

const origin = "https://run-view.test";
const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** What a page shows and how it begins. */
export interface WebviewPageOptions {
  readonly task: Task;
  readonly events?: readonly TaskEvent[];
  readonly attempts?: readonly Attempt[];
  /** What VS Code kept of an earlier page. */
  readonly state?: unknown;
  /** The language of its texts; English when absent. */
  readonly language?: Language;
  /** Class of the body, as VS Code sets it for a theme. */
  readonly theme?: string;
}

/** Runs in the page. */
function hearInPage(message: unknown): void {
  (globalThis as unknown as { postMessage: (message: unknown, origin: string) => void }).postMessage(message, "*");
}

let script: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const result = await build({
    entryPoints: [file("src/webview/app/runView.ts")],
    bundle: true,
    write: false,
    format: "iife",
    target: "es2022",
    logLevel: "warning",
  });
  return result.outputFiles[0]?.text ?? "";
}

/** A page with its host. */
export class WebviewPage implements AsyncDisposable {
  readonly page: Page;
  /** Everything that the page has said, and what of it the host would have dropped. */
  readonly sent: ViewToHost[] = [];
  readonly dropped: unknown[] = [];
  /** Errors of the page, and requests to anywhere else. */
  readonly problems: string[] = [];
  readonly stream: RunStream;
  readonly #search: RunSearch;
  readonly #journal: TaskEvent[];
  readonly #task: Task;

  private constructor(page: Page, { task, events = [], attempts = [] }: WebviewPageOptions) {
    this.page = page;
    this.#journal = [...events];
    this.#task = task;
    const source: RunSource = {
      get: () => Promise.resolve(task),
      attempts: () => Promise.resolve(attempts),
      events: (_, { afterSeq = 0, beforeSeq = Infinity, types, limit }) => {
        const fitting = this.#journal.filter(({ seq, type }) => seq > afterSeq && seq < beforeSeq && (types === undefined || types.includes(type)));
        return Promise.resolve(beforeSeq === Infinity ? fitting.slice(0, limit) : fitting.slice(-limit));
      },
    };
    const post = (message: HostToView): void => void page.evaluate(hearInPage, message as unknown).catch(() => undefined);
    this.stream = new RunStream({
      taskId: task.id,
      source: () => Promise.resolve(source),
      pending: () => undefined,
      post,
      onTask: () => undefined,
      now: Date.now,
    });
    this.#search = new RunSearch({
      taskId: task.id,
      source: () => Promise.resolve(source),
      post,
      rest: () => new Promise((resolve) => void setImmediate(resolve)),
    });
  }

  static async open(browser: Browser, options: WebviewPageOptions): Promise<WebviewPage> {
    const text = await (script ??= bundle());
    const context = await browser.newContext({ viewport: { width: 900, height: 700 }, permissions: ["clipboard-read", "clipboard-write"] });
    const page = await context.newPage();
    const view = new WebviewPage(page, options);
    page.on("pageerror", (error) => view.problems.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") view.problems.push(message.text());
    });
    await page.exposeFunction("toHost", (raw: unknown) => view.#receive(raw));
    await page.addInitScript(
      ({ state }) => {
        const kept = globalThis as unknown as { keptState: unknown; toHost: (message: unknown) => void };
        kept.keptState = state;
        const api = {
          postMessage: (message: unknown) => kept.toHost(message),
          getState: () => kept.keptState,
          setState: (next: unknown) => void (kept.keptState = next),
        };
        Object.assign(globalThis, { acquireVsCodeApi: () => api });
      },
      { state: options.state },
    );
    const language = options.language === undefined ? {} : { language: options.language };
    const html = runHtml({ cspSource: origin, nonce: "test", scriptUri: `${origin}/run.js`, styleUri: `${origin}/run.css`, ...language });
    await page.route("**/*", (route) => {
      const url = route.request().url();
      if (url === `${origin}/`)
        return route.fulfill({ contentType: "text/html", body: html.replace("<body>", `<body class="${options.theme ?? "vscode-dark"}">`) });
      if (url === `${origin}/run.js`) return route.fulfill({ contentType: "text/javascript", body: text });
      if (url === `${origin}/run.css`) return route.fulfill({ contentType: "text/css", body: readFileSync(file("media/webview/runView.css"), "utf8") });
      view.problems.push(`request to ${url}`);
      return route.abort();
    });
    await page.goto(`${origin}/`);
    await page.locator("header:visible").waitFor();
    return view;
  }

  /** Adds to the journal and lets the stream hear of it, as the engine does. */
  append(events: readonly TaskEvent[]): void {
    this.#journal.push(...events);
    this.stream.take(events.map((event) => ({ name: `task:${event.type}`, event, task: this.#task })));
  }

  /** What VS Code would keep of the page. */
  keptState(): Promise<unknown> {
    return this.page.evaluate(() => (globalThis as unknown as { keptState: unknown }).keptState);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stream.dispose();
    await this.page.context().close();
  }

  #receive(raw: unknown): void {
    const message = parseViewMessage(raw);
    if (message === undefined) return void this.dropped.push(raw);
    this.sent.push(message);
    if (message.type === "ready") this.stream.ready(message.lastSeq);
    if (message.type === "show") this.stream.show(message.seq);
    if (message.type === "reading") this.stream.reading();
    if (message.type === "loadOlder") this.stream.loadOlder(message.beforeSeq);
    if (message.type === "loadNewer") this.stream.loadNewer(message.afterSeq);
    if (message.type === "find") void this.#search.find(message.id, message.text);
    if (message.type === "endFind") this.#search.end();
  }
}
