import type { ToolCallStatus } from "../../model/toolCall.ts";
import { diffLines } from "./diffLines.ts";
import { element, icon, setText } from "./dom.ts";
import type { IconName } from "./icons.ts";
import type { RowView } from "./messageView.ts";
import type { ToolRow } from "./rows.ts";
import { stopButton } from "./stopButton.ts";
import { visibleLine, visibleText } from "./text.ts";

const maxDiffLines = 200;
const maxInput = 10_000;

const looks: { readonly [S in ToolCallStatus]: { readonly icon: IconName; readonly word: string } } = {
  pending: { icon: "waiting", word: "waiting" },
  in_progress: { icon: "running", word: "running" },
  completed: { icon: "done", word: "done" },
  failed: { icon: "failed", word: "failed" },
  cancelled: { icon: "cancelled", word: "cancelled" },
};

/** Draws a tool call: a line that opens to its input, output and changes. The inside exists only while it is open. */
export function toolView(row: ToolRow): RowView {
  const parts = summaryParts();
  const stop = stopButton(row);
  parts.summary.append(stop.node);
  const node = element("details", { className: "row tool" }, parts.summary);
  let body: ToolBody | undefined;
  let isDecided = false;
  parts.summary.addEventListener("click", () => void (isDecided = true));
  const drawBody = (): void => {
    if (node.open) {
      if (body === undefined) {
        body = toolBody();
        node.append(body.node);
      }
      body.update(row);
    } else {
      body?.node.remove();
      body = undefined;
    }
  };
  node.addEventListener("toggle", drawBody);
  const update = (): void => {
    if (node.dataset["status"] !== row.status) {
      node.dataset["status"] = row.status;
      parts.icon.replaceChildren(icon(looks[row.status].icon));
      // Open while there is something to watch, and when it went wrong.
      if (!isDecided) node.open = row.status === "in_progress" || row.status === "failed";
    }
    describe(row, parts);
    stop.update();
    drawBody();
  };
  update();
  return { node, update };
}

interface SummaryParts {
  readonly summary: HTMLElement;
  readonly icon: HTMLElement;
  readonly name: HTMLElement;
  readonly what: HTMLElement;
  readonly state: HTMLElement;
}

function summaryParts(): SummaryParts {
  const parts = {
    icon: element("span", { className: "toolIcon" }),
    name: element("span", { className: "toolName" }),
    what: element("span", { className: "toolWhat" }),
    state: element("span", { className: "toolState" }),
  };
  return { ...parts, summary: element("summary", {}, parts.icon, parts.name, parts.what, parts.state) };
}

function describe(row: ToolRow, parts: SummaryParts): void {
  const command = commandOf(row);
  setText(parts.name, visibleLine(row.toolName ?? "tool", 60));
  setText(parts.what, visibleLine(command ?? row.title ?? pathOf(row) ?? "", 160));
  parts.what.classList.toggle("code", command !== undefined);
  const exit = row.exitCode === undefined || row.exitCode === 0 ? [] : [`exit code ${row.exitCode}`];
  setText(parts.state, [looks[row.status].word, ...exit, ...diffStats(row.diffs)].join(", "));
}

const statsOf = new WeakMap<NonNullable<ToolRow["diffs"]>, readonly string[]>();

/** Numbers of changed lines, counted once for the same changes. */
function diffStats(diffs: ToolRow["diffs"]): readonly string[] {
  if (diffs === undefined || diffs.length === 0) return [];
  const known = statsOf.get(diffs);
  if (known !== undefined) return known;
  const counts = diffs.map((diff) => diffLines(diff, 0));
  const stats = [`+${counts.reduce((sum, { added }) => sum + added, 0)} −${counts.reduce((sum, { removed }) => sum + removed, 0)}`];
  statsOf.set(diffs, stats);
  return stats;
}

interface ToolBody {
  readonly node: HTMLElement;
  update(row: ToolRow): void;
}

function toolBody(): ToolBody {
  const input = element("pre", { className: "input" });
  const diffs = element("div", { className: "diffs" });
  const output = element("pre", { className: "output", attributes: { tabindex: "0", "aria-label": "Output" } });
  const exit = element("div", { className: "exit" });
  const node = element("div", { className: "toolBody" }, input, diffs, output, exit);
  let shown: Pick<ToolRow, "input" | "diffs"> | undefined;
  const update = (row: ToolRow): void => {
    if (shown === undefined || shown.input !== row.input || shown.diffs !== row.diffs) {
      shown = { input: row.input, diffs: row.diffs };
      setText(input, inputText(row));
      input.hidden = input.textContent === "";
      diffs.replaceChildren(...(row.diffs ?? []).map((diff) => diffNode(diffLines(diff, maxDiffLines))));
    }
    setText(output, `${row.isCut ? "… (the beginning is not shown)\n" : ""}${visibleText(row.output)}`);
    output.hidden = row.output === "";
    setText(exit, row.exitCode === undefined ? "" : `Exit code ${row.exitCode}`);
    exit.classList.toggle("bad", (row.exitCode ?? 0) !== 0);
    if (row.status === "in_progress") output.scrollTop = output.scrollHeight;
  };
  return { node, update };
}

function diffNode(diff: ReturnType<typeof diffLines>): HTMLElement {
  const lines = diff.lines.map(({ sign, text }) =>
    element("div", { className: sign === "+" ? "added" : sign === "-" ? "removed" : "kept" }, `${sign} ${visibleText(text)}`),
  );
  const hidden = diff.hidden === 0 ? [] : [element("div", { className: "note" }, `${diff.hidden} more lines`)];
  return element("div", { className: "diff" }, element("div", { className: "path" }, visibleLine(diff.path, 300)), element("pre", {}, ...lines), ...hidden);
}

function inputText(row: ToolRow): string {
  const command = commandOf(row);
  if (command !== undefined) return `$ ${visibleText(command)}`;
  if (row.input === undefined || row.input === null) return "";
  // The changes show what was written; the input would only repeat it.
  if ((row.diffs?.length ?? 0) > 0) return "";
  const text = JSON.stringify(row.input, undefined, 2);
  return visibleText(text.length > maxInput ? `${text.slice(0, maxInput)}…` : text);
}

function commandOf(row: ToolRow): string | undefined {
  return stringField(row, "command");
}

function pathOf(row: ToolRow): string | undefined {
  return row.diffs?.[0]?.path ?? stringField(row, "path");
}

function stringField({ input }: ToolRow, name: string): string | undefined {
  if (typeof input !== "object" || input === null || !(name in input)) return undefined;
  const value = (input as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}
