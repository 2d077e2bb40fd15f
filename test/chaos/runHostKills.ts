/** `npm run chaos:vscode -- --kills 20 --seed 7`: the extension host of a real VS Code with real Goose is killed; ends with 1 when a state, a journal or a process is not as it must be. */
import { parseArgs } from "node:util";
import { killHosts } from "./killHosts.ts";

const { values } = parseArgs({ options: { kills: { type: "string", default: "20" }, seed: { type: "string", default: String(Date.now() % 1_000_000) } } });
const [kills, seed] = [Number(values.kills), Number(values.seed)];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed ${seed}`);
const results = await killHosts({ kills, seed, say });
const violations = results.flatMap(({ violations }) => violations);
const count = (holds: (result: (typeof results)[number]) => boolean): number => results.filter(holds).length;
say(`kills                           ${results.length}`);
say(`  in the tool's commands        ${count(({ at }) => at === "in the tool's commands")}`);
say(`  with processes of the task    ${count(({ alive }) => alive > 0)}`);
say(`paused, then resumed and done   ${count(({ status }) => status === "paused")}`);
say(`not begun, then run and done    ${count(({ status }) => status === "ready")}`);
say(`violations                      ${violations.length}`);
process.exitCode = violations.length > 0 ? 1 : 0;
