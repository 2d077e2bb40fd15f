import { programScenarios } from "./programScenarios.ts";
import { providerScenarios } from "./providerScenarios.ts";
import type { Scenario } from "./scenario.ts";
import { workScenarios } from "./workScenarios.ts";

/** The whole table, in the order in which it is printed; names are unique. */
export const scenarios: readonly Scenario[] = [...providerScenarios, ...programScenarios, ...workScenarios];
