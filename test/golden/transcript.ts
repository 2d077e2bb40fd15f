/** Makes a recording the same whoever records it: no path, id, port or time of this machine is left, and nothing that is only long. */

type Json = Readonly<Record<string, unknown>>;

export interface Recording {
  readonly given: readonly string[];
  readonly told: readonly string[];
  /** Text of this machine -> what stands for it. */
  readonly places: Readonly<Record<string, string>>;
}

/** Lists that only repeat what Goose can do: the first entries are enough. */
const longLists: ReadonlySet<string> = new Set(["availableCommands", "options"]);
const times: ReadonlySet<string> = new Set(["created", "elapsedMs", "timeToFirstTokenMs", "progressToken"]);
const longest = 6;
const kept = 2;

/** The lines of a transcript. The id of an answer is the method of the request that it answers. */
export function normalise({ given, told, places }: Recording): string {
  const methods = new Map(given.map((line) => JSON.parse(line) as Json).map(({ id, method }) => [id, method]));
  const ids = new Map<string, string>();
  const lines = told.map((line) => {
    const { id, method, ...message } = JSON.parse(replace(line, places, ids)) as Json;
    const name = method === undefined ? { id: methods.get(id) } : { ...(id === undefined ? {} : { id }), method };
    return JSON.stringify({ jsonrpc: "2.0", ...name, ...(shorten(message) as Json) });
  });
  return `${lines.join("\n")}\n`;
}

const patterns: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "id"],
  [/\b20\d{6}_\d+\b/g, "session"],
  [/\bcall_\d+(?=_\d)/g, "turn"],
];

/** Ids get the number of their first appearance. */
function replace(line: string, places: Recording["places"], ids: Map<string, string>): string {
  const named = Object.entries(places).reduce((text, [from, to]) => text.replaceAll(from, to), line);
  return patterns
    .reduce(
      (text, [pattern, name]) =>
        text.replaceAll(pattern, (id) => {
          const count = [...ids.values()].filter((known) => known.startsWith(`${name}-`)).length;
          if (!ids.has(id)) ids.set(id, `${name}-${count + 1}`);
          return String(ids.get(id));
        }),
      named,
    )
    .replaceAll(/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d[\d.]*(?:Z|\+00:00)/g, "2026-01-01T00:00:00Z");
}

function shorten(value: unknown, name = ""): unknown {
  if (times.has(name)) return 0;
  if (Array.isArray(value)) return (longLists.has(name) && value.length > longest ? value.slice(0, kept) : value).map((item) => shorten(item));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shorten(item, key)]));
}
