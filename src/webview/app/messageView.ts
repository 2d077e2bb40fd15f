import { t } from "../../base/l10n.ts";
import { isSaidMessageId } from "../../model/userMessage.ts";
import { element } from "./dom.ts";
import { markdownOf } from "./messagePieces.ts";
import { MarkdownView } from "./markdown.ts";
import type { MessageRow } from "./rows.ts";
import { foldable, type RowContext, type RowView } from "./rowView.ts";
import { visibleLine, visibleText } from "./text.ts";

const speakers: { readonly [R in MessageRow["role"]]: string } = { agent: "Goose", thought: t("Thinking"), user: t("Task"), notice: t("Goose notice") };
const previewLength = 120;

/** Draws a piece of a message: what Goose says and thinks as Markdown, the rest as it is. */
export function messageView(row: MessageRow, context: RowContext): RowView {
  return row.role === "thought" || row.role === "user" ? foldedMessage(row, context) : openMessage(row, context);
}

function openMessage(row: MessageRow, context: RowContext): RowView {
  const text = textOf(row, context);
  const node = element("article", { className: classesOf(row), attributes: { tabindex: "-1", "aria-label": speakers[row.role] } }, text.node);
  text.update();
  return { node, update: () => text.update() };
}

/** A thought is closed until the user wants to read it. */
function foldedMessage(row: MessageRow, context: RowContext): RowView {
  const preview = element("span", { className: "preview" });
  const name = isSaid(row) ? t("You") : speakers[row.role];
  const speaker = row.isContinued ? t("{0} (continued)", name) : name;
  const node = element("details", { className: classesOf(row) }, element("summary", {}, element("span", { className: "speaker" }, speaker), preview));
  const drawInside = foldable(node, row, context, () => textOf(row, context));
  const update = (): void => {
    if (row.text.length < 2 * previewLength || preview.textContent === "") preview.textContent = visibleLine(row.text, previewLength);
    drawInside();
  };
  update();
  return { node, update };
}

function textOf(row: MessageRow, { post, copy }: RowContext): RowView {
  if (row.role === "user" || row.role === "notice") {
    const node = element("div", { className: "text plain" });
    return { node, update: () => void (node.textContent = visibleText(row.text)) };
  }
  const view = new MarkdownView(element("div", { className: "text markdown" }), { openLink: (url) => post({ type: "openLink", url }), copy });
  let drawn: string | undefined;
  const update = (): void => {
    if (drawn === row.text) return;
    drawn = row.text;
    view.draw(visibleText(markdownOf(row)));
  };
  return { node: view.node, update };
}

/** The user's words to Goose while it works, not the task. */
function isSaid({ role, messageId }: Pick<MessageRow, "role" | "messageId">): boolean {
  return role === "user" && isSaidMessageId(messageId);
}

function classesOf(row: MessageRow): string {
  return `row message ${row.role}${row.isContinued ? " continued" : ""}`;
}
