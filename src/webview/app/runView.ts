/** The run view's script: takes the host's messages, folds them into rows, draws once per frame. Keeps nothing but the task's id and an unsent message. */
import { parseHostToView, type HostToView, type ViewToHost } from "../../protocol/hostWebview.ts";
import { BudgetBar } from "./budgetBar.ts";
import { Composer } from "./composer.ts";
import { Connection } from "./connection.ts";
import { element, setText } from "./dom.ts";
import { HeaderView } from "./headerView.ts";
import { LogView } from "./logView.ts";
import type { Row } from "./rows.ts";
import { RunModel, type Change } from "./runModel.ts";
import { stopToolCallEvent } from "./stopButton.ts";
import { visibleText } from "./text.ts";

interface VsCodeApi {
  postMessage(message: ViewToHost): void;
  getState(): unknown;
  setState(state: { readonly taskId: string; readonly draft: string }): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** Rows in the page while it follows the end, and while the user reads earlier ones. */
const followLimit = 400;
const readLimit = 2_000;
/** A page of streamed pieces may be few rows: more pages come by themselves until the view is filled. */
const enoughRows = 40;
const maxAutomaticPages = 10;
const hiddenFrameMs = 250;

const api = acquireVsCodeApi();
const model = new RunModel();
const added = new Set<Row>();
const changed = new Set<Row>();
let isFramePending = false;
let isLoadingOlder = false;
let automaticPages = 0;

let taskId: string | undefined;

const header = new HeaderView((action) => {
  api.postMessage({ type: "action", action });
  connection.expect();
});
const budget = new BudgetBar();
const log = new LogView(loadOlder);
const composer = new Composer({
  send: (text) => {
    api.postMessage({ type: "say", text });
    connection.expect();
  },
  onDraft: keepState,
});
composer.draft = draftOf(api.getState());
const unavailable = element("div", { className: "unavailable", attributes: { role: "alert" } });
unavailable.hidden = true;
const lost = element("div", { className: "unavailable lost", attributes: { role: "alert" } }, "This view has lost its connection. Open the run again.");
lost.hidden = true;
document.body.append(lost, header.node, budget.node, unavailable, log.node, composer.node);
const connection = new Connection({
  ping: () => api.postMessage(taskId !== undefined ? { type: "ready", lastSeq: model.lastSeq } : { type: "ready" }),
  isVisible: () => !document.hidden,
  onChange: (isConnected) => {
    lost.hidden = isConnected;
    header.setConnected(isConnected);
    composer.setConnected(isConnected);
  },
});

window.addEventListener("message", (event: MessageEvent<unknown>) => {
  const message = parseHostToView(event.data);
  if (message === undefined) return;
  connection.heard();
  take(message);
});
log.node.addEventListener(stopToolCallEvent, (event) => {
  if (event instanceof CustomEvent) api.postMessage({ type: "stopToolCall", toolCallId: String(event.detail) });
  connection.expect();
});
document.addEventListener("visibilitychange", () => {
  drawFrame();
  connection.ask();
});
api.postMessage({ type: "ready" });
connection.expect();

function take(message: HostToView): void {
  if (message.type === "alive") {
    composer.setTrusted(message.isTrusted);
    return header.setTrusted(message.isTrusted);
  }
  if (message.type === "said") return composer.answered(message.error);
  if (message.type === "budget") return budget.show(message.uses);
  unavailable.hidden = message.type !== "unavailable";
  switch (message.type) {
    case "reset":
      return reset(message);
    case "append":
      return append(message);
    case "older":
      return prepend(message);
    case "task":
      composer.show(message.task);
      return header.show(message.task, message.attempts);
    case "unavailable":
      setText(unavailable, visibleText(message.message));
  }
}

function reset({ task, attempts, events, firstSeq, now }: Extract<HostToView, { type: "reset" }>): void {
  taskId = task.id;
  keepState();
  composer.show(task);
  header.setClock(now);
  header.show(task, attempts);
  forgetFrame();
  model.reset(events, firstSeq);
  isLoadingOlder = false;
  automaticPages = 0;
  log.draw([], false);
  drawAll(false);
}

function keepState(): void {
  if (taskId !== undefined) api.setState({ taskId, draft: composer.draft });
}

/** What was not sent when the page went away. */
function draftOf(state: unknown): string {
  return typeof state === "object" && state !== null && "draft" in state && typeof state.draft === "string" ? state.draft : "";
}

function append({ events }: Extract<HostToView, { type: "append" }>): void {
  const change = model.append(events);
  if (change === undefined) {
    // Something between is missing: begin anew.
    api.postMessage({ type: "ready" });
    return;
  }
  remember(change);
}

function prepend({ events, firstSeq, beforeSeq }: Extract<HostToView, { type: "older" }>): void {
  isLoadingOlder = false;
  // Rows were dropped meanwhile, so that the page no longer fits.
  if (beforeSeq !== model.firstSeq) return log.setEarlier(model.firstSeq > 1);
  drawFrame();
  model.prepend(events, firstSeq);
  drawAll(true);
}

function drawAll(keepPlace: boolean): void {
  log.draw(model.rows, keepPlace);
  log.setEarlier(model.firstSeq > 1);
  if (model.rows.length >= enoughRows || model.firstSeq <= 1 || automaticPages >= maxAutomaticPages) return;
  automaticPages++;
  loadOlder();
}

function loadOlder(): void {
  if (isLoadingOlder || model.firstSeq <= 1) return;
  isLoadingOlder = true;
  api.postMessage({ type: "loadOlder", beforeSeq: model.firstSeq });
}

function remember(change: Change): void {
  for (const row of change.added) added.add(row);
  for (const row of change.changed) if (!added.has(row)) changed.add(row);
  if (isFramePending) return;
  isFramePending = true;
  // A hidden window has no frames, but its rows must stay bounded.
  if (document.hidden) setTimeout(drawFrame, hiddenFrameMs);
  else requestAnimationFrame(drawFrame);
}

function drawFrame(): void {
  if (!isFramePending) return;
  const dropped = new Set(model.trim(log.isFollowing ? followLimit : readLimit));
  if (dropped.size > 0) {
    log.drop([...dropped]);
    log.setEarlier(model.firstSeq > 1);
  }
  const kept = (rows: ReadonlySet<Row>): Set<Row> => new Set([...rows].filter((row) => !dropped.has(row)));
  const change = { added: kept(added), changed: kept(changed) };
  forgetFrame();
  log.apply(change);
}

function forgetFrame(): void {
  added.clear();
  changed.clear();
  isFramePending = false;
}
