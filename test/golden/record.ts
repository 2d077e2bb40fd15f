/** npm run golden:record [-- NAME...]: records the transcripts of the real Goose anew (see README.md). */
import { writeFileSync } from "node:fs";
import { RecordedGoose } from "./recordedGoose.ts";
import { scenarios } from "./scenarios.ts";
import { normalise } from "./transcript.ts";

const wanted = new Set(process.argv.slice(2));

for (const scenario of scenarios) {
  const { name } = scenario;
  if (wanted.size > 0 && !wanted.has(name)) continue;
  await using goose = await RecordedGoose.create(scenario);
  await scenario.drive(goose);
  const places = { [goose.repo.dir]: "/project/repo", [goose.home.dir]: "/home/somebody", [goose.server.url]: "http://127.0.0.1:1" };
  const text = normalise({ ...goose.lines(), places });
  writeFileSync(new URL(`${name}.ndjson`, import.meta.url), text);
  process.stdout.write(`${name}: ${text.split("\n").length - 1} lines\n`);
}
