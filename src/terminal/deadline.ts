import { TaskMasterError } from "../model/errors.ts";

const format = /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(Z|[+-]\d{2}:?\d{2})?)?$/i;

/** Reads an ISO date or time as milliseconds since the epoch: a date alone means the end of that local day, a time without zone is local. */
export function parseDeadline(text: string): number {
  const match = format.exec(text.trim());
  if (match === null) throw invalid(text);
  const number = (group: number): number => Number(match[group] ?? "0");
  const [year, month, day] = [number(1), number(2), number(3)];
  if (!isDay(year, month, day)) throw invalid(text);
  if (match[4] === undefined) return new Date(year, month - 1, day, 23, 59, 59, 999).getTime();
  const [hour, minute, second] = [number(4), number(5), number(6)];
  if (hour > 23 || minute > 59 || second > 59) throw invalid(text);
  const milliseconds = Number((match[7] ?? "").padEnd(3, "0"));
  const zone = match[8];
  if (zone === undefined) return new Date(year, month - 1, day, hour, minute, second, milliseconds).getTime();
  return Date.UTC(year, month - 1, day, hour, minute, second, milliseconds) - offsetMs(zone);
}

function isDay(year: number, month: number, day: number): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  // Date turns 30 February into 2 March; years below 100 into the 1900s.
  return date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

function offsetMs(zone: string): number {
  if (zone.toUpperCase() === "Z") return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

function invalid(text: string): TaskMasterError {
  return new TaskMasterError("INVALID_INPUT", `--deadline: "${text}" is not a date; write 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00:00Z.`);
}
