/** Texts and values that have broken programs: what goes wrong in one place is tried in every other. */
import type { Random } from "./random.ts";

const char = (...codes: number[]): string => String.fromCodePoint(...codes);
const escape = char(0x1b);
const bell = char(0x07);

/** Short hostile texts. */
export const nastyTexts: readonly string[] = [
  "",
  " ",
  "\n",
  "\r\n\r",
  char(0),
  `a${char(0)}b`,
  "\ud800",
  "\udfff tail",
  "pair \ud83d",
  char(0xfffd, 0xfeff),
  `${escape}[2J${escape}[H`,
  `${escape}]8;;https://evil.example/${bell}click${escape}]8;;${bell}`,
  `${escape}]52;c;ZXZpbA==${bell}`,
  `${escape}P$q"p${escape}\\`,
  `safe\rEVIL`,
  `${char(0x9b)}31m${char(0x9d)}0;title${char(0x9c)}`,
  `abc${char(0x202e)}txt.exe`,
  `${char(0x2066)}isolate${char(0x2069)}`,
  char(0xe0049, 0xe0047, 0xe004e),
  char(0x200b, 0x200d, 0x2060),
  "$(alert) $(rm -rf /) `id`",
  "${process.env.HOME} {{constructor.constructor('x')()}}",
  "[click](command:workbench.action.terminal.new)",
  "<img src=x onerror=alert(1)>",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "../../../etc/passwd",
  "C:\\Windows\\System32",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "'; DROP TABLE tasks; --",
  "Z̸̡͓a̷l̶g̵o̴",
  "🏴󠁧󠁢󠁥󠁮󠁧󠁿👨‍👩‍👧‍👦",
  "1e999",
  "-0",
];

/** Values of every kind, as a parser of JSON gives them; numbers beyond all reason too. */
const nastyValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  0.1,
  1e308,
  Infinity,
  -Infinity,
  Number.MAX_SAFE_INTEGER,
  2 ** 60,
  [],
  {},
  [[]],
  [null],
  { a: 1 },
  { length: 3 },
  { toString: 1, valueOf: 2 },
  { toJSON: "x" },
];

/** A hostile text; a long one now and then. */
export function nastyText(random: Random): string {
  const text = random.pick(nastyTexts);
  if (random.chance(0.005)) return (text === "" ? "x" : text).repeat(1 + random.below(10_000));
  return random.chance(0.3) ? text + random.pick(nastyTexts) : text;
}

/** Any value, nested to some depth. */
export function nastyValue(random: Random, depth = 3): unknown {
  if (depth === 0 || random.chance(0.5)) return random.chance(0.5) ? nastyText(random) : random.pick(nastyValues);
  if (random.chance(0.4)) return Array.from({ length: random.below(4) }, () => nastyValue(random, depth - 1));
  const entries = Array.from({ length: random.below(4) }, () => [nastyText(random).slice(0, 100), nastyValue(random, depth - 1)] as const);
  const object: Record<string, unknown> = {};
  // As JSON.parse does it: a key of this name is a property like any other.
  for (const [key, value] of entries) Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
  return object;
}

/** A valid value with one thing about it changed: something replaced, removed, added or nested. */
export function mutate(random: Random, value: unknown, depth = 0): unknown {
  const isObject = typeof value === "object" && value !== null;
  if (!isObject || random.chance(0.15)) return depth === 0 && isObject ? mutateEntry(random, value, depth) : nastyValue(random);
  return mutateEntry(random, value, depth);
}

function mutateEntry(random: Random, value: object, depth: number): unknown {
  if (Array.isArray(value)) {
    const items: unknown[] = [...(value as unknown[])];
    if (items.length === 0 || random.chance(0.3)) items.push(nastyValue(random));
    else items[random.below(items.length)] = mutate(random, random.pick(items), depth + 1);
    return items;
  }
  const copy: Record<string, unknown> = { ...value };
  const keys = Object.keys(copy);
  const key = keys.length === 0 ? "x" : random.pick(keys);
  const change = random.below(5);
  if (change === 0) delete copy[key];
  else if (change === 1) Object.defineProperty(copy, random.pick(nastyTexts), { value: nastyValue(random), enumerable: true, configurable: true });
  else copy[key] = mutate(random, copy[key], depth + 1);
  return copy;
}

/** Text of JSON that is nested `depth` times. */
export function nestedJson(depth: number, open = '{"a":', close = "}"): string {
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}

/** As JSON, with numbers that no double holds where the value is infinite. */
export function hostileJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (item === Infinity ? "@@inf" : item === -Infinity ? "@@-inf" : item)).replaceAll(
    /"@@(-?)inf"/g,
    "$11e999",
  );
}
