/** The run view's script: puts its parts together, takes the host's messages and draws once per frame. */
// First: the modules behind it make their texts when they are loaded.
import "./language.ts";
import { t } from "../../base/l10n.ts";
import { parseHostToView, type HostToView, type ViewToHost } from "../../protocol/hostWebview.ts";
import { BudgetBar } from "./budgetBar.ts";
import { Composer } from "./composer.ts";
import { Connection } from "./connection.ts";
import { copiedTexts, type Copied } from "./copyButton.ts";
import { element, setText } from "./dom.ts";
import { Expansion } from "./expansion.ts";
import { passes, type Filter } from "./filter.ts";
import { Finder } from "./finder.ts";
import { HeaderView } from "./headerView.ts";
import { listKeys } from "./listKeys.ts";
import { LogView } from "./logView.ts";
import { QuestionCard } from "./questionCard.ts";
import { rowActions } from "./rowActions.ts";
import type { MessageRow, Row } from "./rows.ts";
import { RunHistory } from "./runHistory.ts";
import { stopToolCallEvent } from "./stopButton.ts";
import { visibleText } from "./text.ts";
import { ToolbarView } from "./toolbarView.ts";
import { parseViewState, type ViewState } from "./viewState.ts";

interface VsCodeApi {
  postMessage(message: ViewToHost): void;
  getState(): unknown;
  setState(state: ViewState): void;
}
declare function acquireVsCodeApi(): VsCodeApi;

/** A page of streamed pieces may be few rows: more pages come by themselves until the view is filled. */
const enoughRows = 40;
const maxAutomaticPages = 10;
const hiddenFrameMs = 250;
const saveStateMs = 300;

const api = acquireVsCodeApi();
const post = (message: ViewToHost): void => api.postMessage(message);
const kept = parseViewState(api.getState());
const history = new RunHistory(post);
const expansion = new Expansion();
let filter: Filter = kept?.filter ?? "all";
let taskId: string | undefined;
let isTrusted = true;
let isFramePending = false;
let automaticPages = 0;
let saving: ReturnType<typeof setTimeout> | undefined;

const announcement = element("div", { className: "unseen", attributes: { role: "status" } });
const header = new HeaderView((action) => {
  post({ type: "action", action });
  connection.expect();
});
const budget = new BudgetBar();
const question = new QuestionCard((answer) => {
  post({ type: "answer", answer });
  connection.expect();
});
const composer = new Composer({
  send: (text) => {
    post({ type: "say", text });
    connection.expect();
  },
  onDraft: moved,
});
composer.draft = kept?.draft ?? "";
const log = new LogView({
  context: { expansion, post, copy, messageText },
  request,
  onEdge: (edge) => (edge === "start" ? fill() : history.loadNewer()),
  onMove: moved,
});
const finder = new Finder({ history, log, post, reveal });
const toolbar = new ToolbarView({
  onFilter: setFilter,
  onFind: () => finder.bar.open(),
  onExpandAll: (isOpen) => {
    expansion.setAll(isOpen);
    log.redraw();
  },
});
const earlier = element("button", { className: "secondary earlier", attributes: { type: "button" } }, t("Load earlier"));
earlier.addEventListener("click", () => history.loadOlder());
const toEnd = element("button", { className: "toEnd", attributes: { type: "button" } }, t("Jump to end"));
toEnd.addEventListener("click", jumpToEnd);
const unavailable = element("div", { className: "unavailable", attributes: { role: "alert" } });
const lost = element("div", { className: "unavailable lost", attributes: { role: "alert" } }, t("This view has lost its connection. Open the run again."));
for (const node of [toolbar.node, earlier, toEnd, unavailable, lost]) node.hidden = true;

// From top to bottom. What asks the user something goes between main and composer.
const main = element("main", {}, toolbar.node, finder.bar.node, element("div", { className: "log" }, earlier, log.scroller, toEnd));
document.body.append(lost, header.node, budget.node, unavailable, main, question.node, composer.node, announcement);
listKeys(log);
rowActions(log, { copy, messageText });
toolbar.showFilter(filter);

const connection = new Connection({
  ping: () => history.greet(),
  isVisible: () => !document.hidden,
  onChange: (isConnected) => {
    lost.hidden = isConnected;
    header.setConnected(isConnected);
    composer.setConnected(isConnected);
    question.setEnabled(isConnected && isTrusted);
  },
});
window.addEventListener("message", (event: MessageEvent<unknown>) => {
  const message = parseHostToView(event.data);
  if (message === undefined) return;
  connection.heard();
  take(message);
});
main.addEventListener(stopToolCallEvent, (event) => {
  if (event instanceof CustomEvent) post({ type: "stopToolCall", toolCallId: String(event.detail) });
  connection.expect();
});
document.addEventListener("visibilitychange", () => {
  request();
  connection.ask();
});
if (kept?.anchor === undefined) history.greet();
else history.show(kept.anchor.seq);
if (kept?.anchor !== undefined) log.goTo(kept.anchor);
connection.expect();

function take(message: HostToView): void {
  if (message.type === "alive") {
    composer.setTrusted(message.isTrusted);
    return trust(message.isTrusted);
  }
  if (message.type === "said") return composer.answered(message.error);
  if (message.type === "budget") return budget.show(message.uses);
  unavailable.hidden = message.type !== "unavailable";
  switch (message.type) {
    case "reset":
      return reset(message);
    case "append":
      history.append(message);
      return request();
    case "older":
      history.prepend(message);
      return pageCame();
    case "newer":
      history.newer(message);
      return pageCame();
    case "task":
      composer.show(message.task);
      question.show(message.task);
      return header.show(message.task, message.attempts);
    case "plan":
      return header.showPlan(message.entries);
    case "found":
      return finder.take(message);
    case "unavailable":
      setText(unavailable, visibleText(message.message));
  }
}

function trust(isGiven: boolean): void {
  header.setTrusted(isGiven);
  if (isGiven === isTrusted) return;
  isTrusted = isGiven;
  question.setEnabled(isTrusted);
}

function reset(message: Extract<HostToView, { type: "reset" }>): void {
  const isOther = taskId !== message.task.id;
  taskId = message.task.id;
  composer.show(message.task);
  header.setClock(message.now);
  header.show(message.task, message.attempts);
  question.show(message.task);
  toolbar.node.hidden = false;
  if (isOther) header.showPlan([]);
  history.reset(message);
  automaticPages = 0;
  save();
  pageCame();
}

function pageCame(): void {
  request();
  finder.arrived();
}

/** Loads what is earlier until the view is full; a filter may leave little of many pages. */
function fill(): void {
  const isReading = !log.isFollowing && log.rows.length >= enoughRows;
  if (!isReading && (log.rows.length >= enoughRows || automaticPages >= maxAutomaticPages)) return;
  if (!isReading && history.hasOlder) automaticPages++;
  history.loadOlder();
}

function request(): void {
  if (isFramePending) return;
  isFramePending = true;
  // A hidden window has no frames, but its rows must stay bounded.
  if (document.hidden) setTimeout(drawFrame, hiddenFrameMs);
  else requestAnimationFrame(drawFrame);
}

function drawFrame(): void {
  isFramePending = false;
  history.trim(log.isFollowing);
  log.draw(filter === "all" ? history.rows : history.rows.filter((row) => passes(row, filter)));
  earlier.hidden = !history.hasOlder || log.topIndex > 0;
  toEnd.hidden = log.isFollowing && history.isLive;
  finder.mark();
}

function setFilter(chosen: Filter): void {
  filter = chosen;
  automaticPages = 0;
  toolbar.showFilter(filter);
  save();
  request();
}

function reveal(row: Row): void {
  if (!passes(row, filter)) setFilter("all");
  if (row.kind !== "line" || row.details !== undefined) expansion.set(row.key, true);
  log.goTo({ seq: row.seq, offset: -log.scroller.clientHeight / 3 });
  log.redraw();
}

function jumpToEnd(): void {
  history.toEnd();
  automaticPages = 0;
  log.follow();
  // The button that had the focus is gone.
  log.scroller.focus({ preventScroll: true });
}

function moved(): void {
  saving ??= setTimeout(save, saveStateMs);
}

function save(): void {
  clearTimeout(saving);
  saving = undefined;
  if (taskId !== undefined) api.setState({ taskId, draft: composer.draft, filter, anchor: log.anchor });
}

function copy(text: string, what: Copied): void {
  navigator.clipboard.writeText(text).then(
    () => setText(announcement, copiedTexts[what].done),
    () => setText(announcement, copiedTexts[what].failed),
  );
}

function messageText(row: MessageRow): string {
  const isPart = (other: Row | undefined): boolean => other?.kind === "message" && other.messageId === row.messageId && other.role === row.role;
  const index = history.rows.indexOf(row);
  let [first, end] = [index, index + 1];
  while (isPart(history.rows[first - 1])) first--;
  while (isPart(history.rows[end])) end++;
  return history.rows
    .slice(first, end)
    .map((part) => (part.kind === "message" ? part.text : ""))
    .join("");
}
