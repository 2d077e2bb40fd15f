import { chmod, mkdir } from "node:fs/promises";
import { TaskMasterError } from "../../model/errors.ts";

/**
 * Makes a folder of ours, for its owner alone, with its parents; one that is there already will do.
 * @throws DISK_FULL; NO_FOLDER where nothing can be written
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (thrown) {
    throw folderError(folder, thrown);
  }
}

/** The same for one that may have been there before, with other rights. @throws as makeFolder */
export async function makePrivateFolder(folder: string): Promise<void> {
  await makeFolder(folder);
  await chmod(folder, 0o700);
}

/** Why a folder cannot be made, with a code and what to do. */
export function folderError(folder: string, thrown: unknown): TaskMasterError {
  const code = (thrown as NodeJS.ErrnoException).code ?? "";
  const options = { cause: thrown, details: String(thrown) };
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new TaskMasterError("DISK_FULL", `The disk is full: the folder ${folder} cannot be made. Free some space and try again.`, {
      ...options,
      retryable: true,
    });
  }
  return new TaskMasterError(
    "NO_FOLDER",
    `The folder ${folder} cannot be made (${code}). Task Master works there: see that it can be written to, then Retry the task.`,
    options,
  );
}
