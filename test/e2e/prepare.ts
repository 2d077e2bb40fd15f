import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Publisher and name of the extension, as VS Code calls it. */
export const extensionId = "task-master-goose.task-master-goose";

/** Packages the extension as it would be published and returns the file's path. */
export function packageExtension(directory: string): string {
  mkdirSync(directory, { recursive: true });
  const vsix = join(directory, "task-master-goose.vsix");
  execFileSync(process.execPath, [join(root, "node_modules/@vscode/vsce/vsce"), "package", "--no-dependencies", "--out", vsix], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  return vsix;
}
