/** Runs around a whole project of tests: when all have ended, no process that they started and no temporary file may be left. */
import { randomUUID } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitForNoProcesses } from "./leakCheck.ts";

/** What Node, VS Code and Chromium leave there by themselves. */
const foreign = /^(node-compile-cache|v8-compile-cache|vscode-|code-server|\.?org\.chromium|playwright)/i;

/** Called by vitest before the tests; what it returns is called after them. */
export function setup(): () => Promise<void> {
  const marker = randomUUID();
  // Every TASK_MASTER_ variable reaches Goose and its shells, so whatever the tests start carries the marker.
  process.env["TASK_MASTER_TEST_RUN"] = marker;
  const folder = mkdtempSync(join(tmpdir(), "tm-"));
  chmodSync(folder, 0o711); // some tests go on as another user
  process.env["TMPDIR"] = folder;
  return async () => {
    await waitForNoProcesses(marker, 10_000);
    const left = readdirSync(folder).filter((name) => !foreign.test(name));
    rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) throw new Error(`the tests left these behind in the folder for temporary files: ${left.join(", ")}`);
  };
}
