import { t } from "../../base/l10n.ts";
import { copyButton, type Copied } from "./copyButton.ts";
import { diffLines, type DiffLine } from "./diffLines.ts";
import { element, setText } from "./dom.ts";
import type { ToolRow } from "./rows.ts";
import type { RowContext, RowView } from "./rowView.ts";
import { formatDuration, visibleLine, visibleText } from "./text.ts";
import { commandOf, inputText } from "./toolText.ts";
import { durationOf, isOpen } from "./toolRows.ts";

const maxDiffLines = 200;
const maxDiffs = 20;
const maxLocations = 20;
/** Of an output that grows only the end is drawn. */
const liveOutput = 8_000;

/** Draws the inside of a tool call. Files are named to the host by their place in the journal, never by their path. */
export function toolBody(row: ToolRow, context: RowContext): RowView {
  const parts = [inputPart(row, context), placesPart(row, context), activityPart(row), diffsPart(row, context), outputPart(row, context), endPart(row)];
  const node = element("div", { className: "toolBody" }, ...parts.map((part) => part.node));
  return { node, update: () => parts.forEach((part) => part.update()) };
}

function inputPart(row: ToolRow, { copy }: RowContext): RowView {
  const pre = element("pre", { className: "input" });
  const what = (): Copied => (commandOf(row) === undefined ? "arguments" : "command");
  const button = copyButton(t("Copy input"), () => copy(commandOf(row) ?? inputText(row), what()));
  const node = element("div", { className: "codeBlock" }, pre, button);
  let drawn: ToolRow["input"];
  const update = (): void => {
    if (drawn !== row.input) {
      drawn = row.input;
      setText(pre, `${commandOf(row) === undefined ? "" : "$ "}${inputText(row)}`);
    }
    node.hidden = pre.textContent === "" || inputText(row) === "";
  };
  return { node, update };
}

function placesPart(row: ToolRow, { post }: RowContext): RowView {
  const node = element("ul", { className: "places", attributes: { "aria-label": t("Places") } });
  let drawn: ToolRow["locations"];
  const update = (): void => {
    node.hidden = (row.locations?.length ?? 0) === 0;
    if (drawn === row.locations) return;
    drawn = row.locations;
    const { toolCallId, locationsSeq = 0 } = row;
    const places = (row.locations ?? []).slice(0, maxLocations).map(({ path, line }, index) => {
      const open = (): void => post({ type: "openPlace", toolCallId, seq: locationsSeq, of: "location", index });
      return element("li", {}, fileButton(`${path}${line === undefined ? "" : `:${line}`}`, open));
    });
    node.replaceChildren(...places);
  };
  return { node, update };
}

function fileButton(path: string, open: () => void): HTMLButtonElement {
  const label = visibleLine(path, 300);
  const button = element("button", { className: "link", attributes: { type: "button", title: t("Open {0}", label) } }, label);
  button.addEventListener("click", open);
  return button;
}

function activityPart(row: ToolRow): RowView {
  const node = element("ul", { className: "activity", attributes: { tabindex: "0", "aria-label": t("What goes on inside") } });
  let drawn: ToolRow["activity"] | undefined;
  const update = (): void => {
    node.hidden = row.activity.length === 0;
    if (drawn === row.activity) return;
    drawn = row.activity;
    node.replaceChildren(...row.activity.map((line) => element("li", {}, visibleLine(line, 500))));
  };
  return { node, update };
}

function diffsPart(row: ToolRow, context: RowContext): RowView {
  const node = element("div", { className: "diffs" });
  let drawn: ToolRow["diffs"];
  const update = (): void => {
    if (drawn === row.diffs) return;
    drawn = row.diffs;
    node.replaceChildren(...(row.diffs ?? []).slice(0, maxDiffs).map((_, index) => diffNode(row, index, context)));
  };
  return { node, update };
}

function diffNode({ diffs = [], diffsSeq = 0, toolCallId }: ToolRow, index: number, { post }: RowContext): HTMLElement {
  const diff = diffs[index];
  if (diff === undefined) return element("div");
  const shown = diffLines(diff, maxDiffLines);
  const path = fileButton(shown.path, () => post({ type: "openPlace", toolCallId, seq: diffsSeq, of: "diff", index }));
  const label = t("Changes of {0}", visibleLine(shown.path, 300));
  const lines = element("pre", { attributes: { tabindex: "0", role: "region", "aria-label": label } }, ...stretchesOf(shown.lines));
  const hidden = shown.hidden === 0 ? [] : [element("div", { className: "note" }, t({ one: "{0} more line", other: "{0} more lines" }, shown.hidden))];
  return element("div", { className: "diff" }, element("div", { className: "path" }, path), lines, ...hidden);
}

const signClasses = { "+": "added", "-": "removed", " ": "kept" } as const;

/** Neighbouring lines with the same sign share a node. */
function stretchesOf(lines: readonly DiffLine[]): readonly HTMLElement[] {
  const stretches: { readonly sign: DiffLine["sign"]; readonly texts: string[] }[] = [];
  for (const { sign, text } of lines) {
    if (stretches.at(-1)?.sign !== sign) stretches.push({ sign, texts: [] });
    stretches.at(-1)?.texts.push(`${sign} ${visibleText(text)}`);
  }
  return stretches.map(({ sign, texts }) => element("div", { className: signClasses[sign] }, texts.join("\n")));
}

function outputPart(row: ToolRow, { copy }: RowContext): RowView {
  const pre = element("pre", { className: "output", attributes: { tabindex: "0", role: "region", "aria-label": t("Output") } });
  const node = element(
    "div",
    { className: "codeBlock" },
    pre,
    copyButton(t("Copy output"), () => copy(visibleText(row.output), "output")),
  );
  const update = (): void => {
    node.hidden = row.output === "";
    if (node.hidden) return;
    const isLive = isOpen(row);
    const output = isLive && row.output.length > liveOutput ? row.output.slice(-liveOutput) : row.output;
    const isCut = row.isCut || output.length < row.output.length;
    const isAtEnd = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 24;
    setText(pre, `${isCut ? `… (${t("the beginning is not shown")})\n` : ""}${visibleText(output)}`);
    if (isLive && isAtEnd) pre.scrollTop = pre.scrollHeight;
  };
  return { node, update };
}

function endPart(row: ToolRow): RowView {
  const node = element("div", { className: "exit" });
  const update = (): void => {
    const duration = durationOf(row);
    const exit = row.exitCode === undefined ? [] : [t("Exit code {0}", String(row.exitCode))];
    setText(node, [...exit, ...(duration === undefined ? [] : [duration < 1_000 ? `${duration} ms` : formatDuration(duration)])].join(" · "));
    node.classList.toggle("bad", (row.exitCode ?? 0) !== 0);
  };
  return { node, update };
}
