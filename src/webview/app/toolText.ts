import { t } from "../../base/l10n.ts";
import type { ToolCallStatus } from "../../model/toolCall.ts";
import { diffLines } from "./diffLines.ts";
import type { IconName } from "./icons.ts";
import type { ToolRow } from "./rows.ts";
import { formatDuration, visibleText } from "./text.ts";
import { durationOf } from "./toolRows.ts";

const maxInput = 10_000;

/** How the status of a tool call looks and what it is called. */
export const toolLooks: { readonly [S in ToolCallStatus]: { readonly icon: IconName; readonly word: string } } = {
  pending: { icon: "waiting", word: t("waiting") },
  in_progress: { icon: "running", word: t("running") },
  completed: { icon: "done", word: t("done") },
  failed: { icon: "failed", word: t("failed") },
  cancelled: { icon: "cancelled", word: t("cancelled") },
  rejected: { icon: "cancelled", word: t("rejected") },
};

const kindIcons: Readonly<Record<string, IconName>> = {
  read: "read",
  edit: "edit",
  delete: "delete",
  move: "move",
  search: "search",
  execute: "execute",
  think: "think",
  fetch: "fetch",
};

/** The drawing for what sort of thing a tool call does. */
export function kindIcon({ toolKind, toolName }: ToolRow): IconName {
  if (toolKind === undefined && toolName === "shell") return "execute";
  return Object.hasOwn(kindIcons, toolKind ?? "") ? (kindIcons[toolKind ?? ""] ?? "other") : "other";
}

/** The tool's own name; that of its extension stays where it says more. */
export function nameOf({ toolName = "" }: Pick<ToolRow, "toolName">): string {
  const [extension = "", ...rest] = toolName.split("__");
  const own = rest.join("__");
  if (own === "") return toolName === "" ? t("tool") : toolName;
  return extension === "developer" || wordsOf(own)[0] === extension ? own : toolName;
}

/** What the call is about: its command, else Goose's title without the name of the tool, with which it begins, else a file. */
export function aboutOf(row: ToolRow): string {
  return commandOf(row) ?? uncut(titleBehindName(row), stringField(row, "path")) ?? pathOf(row) ?? "";
}

function titleBehindName({ title, toolName = "" }: ToolRow): string | undefined {
  if (title === undefined) return undefined;
  const names = [toolName, nameOf({ toolName })].map((name) => wordsOf(name).join(" "));
  const isName = (text: string): boolean => names.includes(wordsOf(text).join(" "));
  if (isName(title)) return undefined;
  const end = [...title.matchAll(/ · |: /g)].find(({ index }) => isName(title.slice(0, index)));
  return end === undefined ? title : title.slice(end.index + end[0].length);
}

/** Goose cuts a long path in its title. */
function uncut(title: string | undefined, path: string | undefined): string | undefined {
  const start = /^(.+?)(?:\.\.\.|…)+$/.exec(title ?? "")?.[1];
  return start !== undefined && path?.startsWith(start) === true ? path : title;
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Status, exit code, time and number of changed lines. */
export function stateOf(row: ToolRow): string {
  const exit = row.exitCode === undefined || row.exitCode === 0 ? [] : [t("exit code {0}", String(row.exitCode))];
  const duration = durationOf(row);
  const time = duration === undefined || duration < 1_000 ? [] : [formatDuration(duration)];
  return [toolLooks[row.status].word, ...exit, ...time, ...diffStats(row.diffs)].join(", ");
}

/** What the call was given: its command, else its arguments; nothing where the changes show it. */
export function inputText(row: ToolRow): string {
  const command = commandOf(row);
  if (command !== undefined) return visibleText(command);
  if (row.input === undefined || row.input === null || (row.diffs?.length ?? 0) > 0) return "";
  const text = JSON.stringify(row.input, undefined, 2);
  return visibleText(text.length > maxInput ? `${text.slice(0, maxInput)}…` : text);
}

export function commandOf(row: ToolRow): string | undefined {
  return stringField(row, "command");
}

/** The first file that the call names. */
export function pathOf(row: ToolRow): string | undefined {
  return row.diffs?.[0]?.path ?? stringField(row, "path") ?? row.locations?.[0]?.path;
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

function stringField({ input }: ToolRow, name: string): string | undefined {
  if (typeof input !== "object" || input === null || !(name in input)) return undefined;
  const value = (input as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}
