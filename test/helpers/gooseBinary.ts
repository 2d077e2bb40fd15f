import { accessSync, constants, statSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

/** Path of the real Goose for tests: the npm package of this platform, else GOOSE_BINARY, else `goose` on the PATH. */
export function gooseBinary(): string {
  const found = fromPackage() ?? process.env["GOOSE_BINARY"] ?? fromPath();
  if (found !== undefined && isExecutable(found)) return found;
  throw new Error(
    found === undefined
      ? `No Goose for tests: run "npm ci" (it brings ${packageName()} where that is published), set GOOSE_BINARY, or put goose on the PATH.`
      : `Goose for tests is not an executable file: ${found}`,
  );
}

function packageName(): string {
  return `@aaif/goose-binary-${process.platform}-${process.arch}`;
}

const fileName = process.platform === "win32" ? "goose.exe" : "goose";

function fromPackage(): string | undefined {
  // From the package that depends on it, so that it is found whether npm hoists it or nests it.
  const require = createRequire(new URL("./goose-binary/package.json", import.meta.url));
  try {
    return path.join(path.dirname(require.resolve(`${packageName()}/package.json`)), "bin", fileName);
  } catch {
    return undefined;
  }
}

function fromPath(): string | undefined {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => path.join(folder, fileName)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
