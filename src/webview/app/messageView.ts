import { isSaidMessageId } from "../../model/userMessage.ts";
import { element } from "./dom.ts";
import type { MessageRow } from "./rows.ts";
import { visibleLine, visibleText } from "./text.ts";

/** The picture of a row, kept current. */
export interface RowView {
  readonly node: HTMLElement;
  /** The row has changed. */
  update(): void;
  /** Another row came behind it. */
  settle?(): void;
}

const speakers: { readonly [R in MessageRow["role"]]: string } = { agent: "Goose", thought: "Thinking", user: "Task", notice: "Goose notice" };

/** Draws a message; what is added at its end is added to the text node, not drawn anew. */
export function messageView(row: MessageRow): RowView {
  const text = document.createTextNode("");
  const note = element("div", { className: "note" });
  const body = element("div", { className: "text" }, text);
  const folded = row.role === "thought" || row.role === "user" ? foldable(row, body) : undefined;
  const node = folded?.node ?? element("div", { className: `row message ${row.role}` }, body);
  let drawn = 0;
  const update = (): void => {
    text.appendData(visibleText(row.text.slice(drawn)));
    drawn = row.text.length;
    folded?.describe();
    if (!row.isCut || note.isConnected) return;
    note.textContent = "The rest of this message is not shown.";
    body.append(note);
  };
  update();
  return { node, update, ...(folded === undefined ? {} : { settle: folded.settle }) };
}

interface Foldable {
  readonly node: HTMLElement;
  readonly describe: () => void;
  readonly settle: () => void;
}

/** A thought is open while it grows and folds up behind the next row, unless the user has decided otherwise. */
function foldable(row: MessageRow, body: HTMLElement): Foldable {
  const preview = element("span", { className: "preview" });
  const summary = element("summary", {}, element("span", { className: "speaker" }, isSaid(row) ? "You" : speakers[row.role]), preview);
  const node = element("details", { className: `row message ${row.role}` }, summary, body);
  let isDecided = false;
  node.open = row.role === "thought" || isSaid(row);
  summary.addEventListener("click", () => void (isDecided = true));
  const describe = (): void => {
    if (row.text.length < 2_000 || preview.textContent === "") preview.textContent = visibleLine(row.text, 120);
  };
  return {
    node,
    describe,
    settle: () => {
      if (!isDecided && !isSaid(row)) node.open = false;
    },
  };
}

/** Words that the user sent while the task was under way, as Goose has them now. */
function isSaid({ role, messageId }: MessageRow): boolean {
  return role === "user" && isSaidMessageId(messageId);
}
