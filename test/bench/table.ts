import { ratioOf, type Measurement } from "./benchmark.ts";

const headings = ["what", "ours", "other side", "ratio", "goal", "met"];

/** The measurements as aligned columns. */
export function renderTable(measurements: readonly Measurement[]): string {
  const rows = [headings, ...measurements.map(cells)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  return [line(headings), widths.map((width) => "-".repeat(width)).join("  "), ...rows.slice(1).map(line)].join("\n");
}

function cells(measurement: Measurement): string[] {
  const { what, unit, ours, other, goal } = measurement;
  return [
    what,
    amount(ours, unit),
    other === undefined ? "" : `${amount(other.value, unit)} (${other.name})`,
    ratioText(ratioOf(measurement)),
    goal?.text ?? "",
    goal === undefined ? "" : goal.met ? "yes" : "NO",
  ];
}

function amount(value: number, unit: Measurement["unit"]): string {
  if (unit === "") return String(value);
  return `${value.toFixed(Math.abs(value) < 10 ? 2 : 1)} ${unit}`;
}

/** Two digits that count, also of a small ratio. */
function ratioText(ratio: number | undefined): string {
  if (ratio === undefined) return "";
  return ratio > 0 && ratio < 0.1 ? ratio.toFixed(4) : ratio.toFixed(2);
}
