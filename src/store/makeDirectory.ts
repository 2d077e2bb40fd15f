import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { toStoreError } from "./sqliteErrors.ts";

/**
 * Makes a folder (0700) and those above it that are missing; STORE_FAILED or DISK_FULL when it cannot. Step by step, as
 * Node's own `recursive` tries for ever where the system says "no such folder" below one that exists (measured in /proc).
 */
export function makeDirectory(path: string): void {
  try {
    makeSteps(path);
  } catch (error) {
    throw toStoreError(error, { path, action: "make the folder" });
  }
}

function makeSteps(path: string): void {
  if (tryMake(path)) return;
  const parent = dirname(path);
  if (parent !== path) makeSteps(parent);
  mkdirIfMissing(path);
}

/** False when the folder above is missing. */
function tryMake(path: string): boolean {
  try {
    mkdirIfMissing(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function mkdirIfMissing(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Systems differ in what they say of a folder that exists where nothing may be written.
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}
