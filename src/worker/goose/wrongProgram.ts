import { TaskMasterError } from "../../model/errors.ts";

/** Where a person chooses the Goose program, in words. */
export const chooseAnother = 'Choose another program in the setting "taskMaster.goose.path", with --goose in the terminal, or in the variable GOOSE_BINARY.';

/** The program that was started as Goose is another one, or one that cannot work at all; trying again does not help. */
export function wrongProgram(binary: string, why: string, details?: string): TaskMasterError {
  const message = `"${binary}" cannot be used as Goose: ${why}. ${chooseAnother}`;
  return new TaskMasterError("GOOSE_WRONG_PROGRAM", message, details === undefined || details === "" ? {} : { details });
}
