import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Row, Scenario } from "./scenario.ts";

const script = fileURLToPath(new URL("scenarioProcess.ts", import.meta.url));

/** Runs a scenario in a process of its own. A process that breaks down is a row that differs. */
export async function rowOf({ name }: Pick<Scenario, "name">): Promise<Row> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [script, name], { timeout: 120_000, killSignal: "SIGKILL" });
    return JSON.parse(stdout) as Row;
  } catch (thrown) {
    const { stderr = "", message } = thrown as { stderr?: string; message: string };
    return { name, expected: "", got: "no end", message: "", isFalseSuccess: false, differences: [stderr.trim() || message] };
  }
}
