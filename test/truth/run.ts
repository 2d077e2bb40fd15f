/** `npm run truth`: prints how every scenario ends; ends with 1 when a row differs. Words as arguments choose the rows whose names contain one. */
import { rowOf } from "./rowOf.ts";
import type { Row } from "./scenario.ts";
import { scenarios } from "./scenarios.ts";

/** Most of a scenario is waiting. */
const atOnce = 4;

const words = process.argv.slice(2);
const chosen = scenarios.filter(({ name }) => words.length === 0 || words.some((word) => name.includes(word)));
const rows: Promise<Row>[] = [];
const slots = Array.from({ length: atOnce }, () => Promise.resolve());

for (const [index, scenario] of chosen.entries()) {
  const row = (slots[index % atOnce] ?? Promise.resolve()).then(() => rowOf(scenario));
  slots[index % atOnce] = row.then(() => undefined);
  rows.push(row);
}

const done: Row[] = [];
for (const row of rows) {
  done.push(await row);
  process.stdout.write(`${render(await row)}\n`);
}
const differing = done.filter(({ differences }) => differences.length > 0);
process.stdout.write(`\n${done.length} scenarios, ${differing.length} that differ\n`);
process.stdout.write(`false successes: ${done.filter(({ isFalseSuccess }) => isFalseSuccess).length}\n`);
if (differing.length > 0 || done.length === 0) process.exitCode = 1;

function render({ name, expected, got, message, isFalseSuccess, differences }: Row): string {
  return [
    `${differences.length === 0 ? "ok  " : "BAD "} ${name}`,
    `     expected       ${expected}`,
    `     got            ${got}`,
    `     message        ${message.replaceAll("\n", " ")}`,
    `     false success  ${isFalseSuccess ? "YES" : "no"}`,
    ...differences.map((difference) => `     DIFFERS        ${difference}`),
  ].join("\n");
}
