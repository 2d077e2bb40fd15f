import type { JsonObject, JsonValue } from "../base/json.ts";
import type { Logger } from "../engine/ports.ts";
import { logLevels, type LogLevel } from "../model/taskEvent.ts";

const maxText = 2_000;
const maxItems = 50;
const maxDepth = 4;

/** Names of values that are secrets whatever they look like. */
const secretName = /(api_?key|token|secret|passw|passphrase|credential|authorization|cookie)/i;

/** What secrets look like: URLs with a login, headers, and the keys of providers and forges. */
const secretForms: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  [/(\w+:\/\/)[^/@\s]+@/g, "$1***@"],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, "$1 ***"],
  [/\b(sk|pk|rk|xai|gsk|hf|ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abprs]|npm|pypi)[-_][\w-]{8,}/g, "***"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, "***"],
  [/\bAIza[\w-]{30,}/g, "***"],
  [/\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{4,}/g, "***"],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(-----END [A-Z ]*PRIVATE KEY-----|$)/g, "***"],
  [/\b([A-Z0-9_]*(?:API_?KEY|TOKEN|SECRET|PASSWORD))=\S+/g, "$1=***"],
];

/** Where lines go; process.stderr is one. */
export interface LogSink {
  write(line: string): unknown;
}

/**
 * A logger for programs that read logs: one JSON object per line, {time, level, message, ...data}, from the level on. Long
 * values are cut, secrets that can be known as such are replaced; a sink that fails never fails the work.
 */
export function createStructuredLogger(level: LogLevel, sink: LogSink = process.stderr, now: () => number = Date.now): Logger {
  const least = logLevels.indexOf(level);
  const at =
    (each: LogLevel): Logger[LogLevel] =>
    (message, data) => {
      if (logLevels.indexOf(each) < least) return;
      const head = { time: new Date(now()).toISOString(), level: each, message: text(message) };
      const values = data === undefined ? {} : (bounded(data, 0) as JsonObject);
      try {
        // First for the order, last so that no value takes their place.
        sink.write(`${JSON.stringify({ ...head, ...values, ...head })}\n`);
      } catch {
        // A log that cannot be written has nowhere to say so.
      }
    };
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

function bounded(value: JsonValue | undefined, depth: number): JsonValue {
  if (typeof value === "string") return text(value);
  if (value === undefined || value === null || typeof value !== "object") return value ?? null;
  if (depth >= maxDepth) return "…";
  if (Array.isArray(value)) {
    const items = value.slice(0, maxItems).map((item: JsonValue) => bounded(item, depth + 1));
    return value.length > maxItems ? [...items, `… ${value.length - maxItems} more`] : items;
  }
  const entries = Object.entries(value).slice(0, maxItems);
  return Object.fromEntries(entries.map(([name, item]) => [name, secretName.test(name) && typeof item === "string" ? "***" : bounded(item, depth + 1)]));
}

function text(raw: string): string {
  // More is looked at than shown: a secret must not be cut in two before it is known.
  const clean = secretForms.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), raw.slice(0, 2 * maxText));
  return clean.length > maxText ? `${clean.slice(0, maxText)}… (${raw.length} characters)` : clean;
}
