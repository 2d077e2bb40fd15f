import { realpathSync, readFileSync } from "node:fs";
import path from "node:path";
import { endLike, findNode, hasSqlite, runWith, sqliteMissing } from "./terminal/nodeVersion.ts";

// The terminal's entry. Before anything else is loaded it makes sure that this Node has node:sqlite, which the queue needs.

const script = realpathSync(process.argv[1] ?? "");
const packageRoot = path.dirname(path.dirname(script));
const argv = process.argv.slice(2);

async function withOtherNode(): Promise<void> {
  const node = findNode(packageRoot);
  if (node !== undefined) return endLike(await runWith(node, [script, ...argv]));
  const json = argv.includes("--json");
  (json ? process.stdout : process.stderr).write(sqliteMissing(process.versions.node, json));
  process.exitCode = 3;
}

async function main(): Promise<void> {
  if (!hasSqlite()) return withOtherNode();
  const { runInProcess } = await import("./terminal/inProcess.ts");
  const { openEngine } = await import("./composition.ts");
  const { parseSettings } = await import("./model/settings.ts");
  const { version } = JSON.parse(readFileSync(path.join(packageRoot, "package.json"), "utf8")) as { version: string };
  await runInProcess({
    argv,
    version,
    open: (options, logger) => {
      // How long journals are kept is said in VS Code's settings, which are not known here: the terminal shortens none.
      const { settings } = parseSettings({ goosePath: options.goosePath, retentionDays: 0, ...options.settings });
      return openEngine({
        folder: options.folder,
        ...(options.dataDirectory === undefined ? {} : { dataDirectory: options.dataDirectory }),
        workerScript: path.join(packageRoot, "dist", "worker.cjs"),
        logger,
        isForLooking: options.isForLooking,
        settings: () => settings,
      });
    },
  });
}

main().catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
