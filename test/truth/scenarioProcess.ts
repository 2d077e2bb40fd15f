/** One scenario in a process of its own, because Goose's environment is the process's. Prints its row as JSON. */
import { runScenario } from "./runScenario.ts";
import { scenarios } from "./scenarios.ts";

const scenario = scenarios.find(({ name }) => name === process.argv[2]);
if (scenario === undefined) throw new Error(`there is no scenario ${process.argv[2]}`);
process.stdout.write(JSON.stringify(await runScenario(scenario)));
