import * as v from "valibot";
import { errorCodes, TaskMasterError, toTaskMasterError } from "../model/errors.ts";

const maxCauseDepth = 4;
const maxTextLength = 16_384;

/** A TaskMasterError on the wire: `postMessage` loses name, code and custom fields of Error subclasses. */
export interface SerializedError {
  readonly code: TaskMasterError["code"];
  readonly message: string;
  readonly retryable: boolean;
  readonly details?: string | undefined;
  readonly retryAt?: number | undefined;
  readonly stack?: string | undefined;
  readonly cause?: SerializedError | undefined;
}

const text = v.pipe(v.string(), v.maxLength(maxTextLength));

const fields = {
  code: v.picklist(errorCodes),
  message: text,
  retryable: v.boolean(),
  details: v.optional(text),
  retryAt: v.optional(v.pipe(v.number(), v.finite())),
  stack: v.optional(text),
};

/** Validates a SerializedError; causes beyond the depth that is sent are left out, however deep they go. */
export const serializedErrorSchema = errorSchema(maxCauseDepth);

function errorSchema(causes: number): v.GenericSchema<SerializedError> {
  return causes === 0 ? v.object(fields) : v.object({ ...fields, cause: v.optional(errorSchema(causes - 1)) });
}

/** Any thrown value in wire form, with its chain of causes. */
export function serializeError(thrown: unknown, depth = 0): SerializedError {
  const error = toTaskMasterError(thrown);
  const cause = error.cause === undefined || depth >= maxCauseDepth ? undefined : serializeError(error.cause, depth + 1);
  return {
    code: error.code,
    message: error.message.slice(0, maxTextLength),
    retryable: error.retryable,
    ...(error.details === undefined ? {} : { details: error.details.slice(0, maxTextLength) }),
    ...(error.retryAt !== undefined && Number.isFinite(error.retryAt) ? { retryAt: error.retryAt } : {}),
    ...(error.stack === undefined ? {} : { stack: error.stack.slice(0, maxTextLength) }),
    ...(cause === undefined ? {} : { cause }),
  };
}

/** The error that was serialised, code, cause and original stack kept. */
export function deserializeError(wire: SerializedError): TaskMasterError {
  const error = new TaskMasterError(wire.code, wire.message, {
    retryable: wire.retryable,
    ...(wire.details === undefined ? {} : { details: wire.details }),
    ...(wire.retryAt === undefined ? {} : { retryAt: wire.retryAt }),
    ...(wire.cause === undefined ? {} : { cause: deserializeError(wire.cause) }),
  });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
