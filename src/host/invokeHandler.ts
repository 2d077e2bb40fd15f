import * as v from "valibot";
import type { InvocationHandle, InvocationObserver, VerbOptions, WorkerHost } from "../engine/ports.ts";
import { TaskMasterError, toTaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { handlerContracts, type BuiltInHandler, type HandlerInput, type HandlerOutput } from "../protocol/handlers.ts";

/** Which task an invocation belongs to. */
export interface InvocationSubject {
  readonly taskId: TaskId;
  readonly attempt: number;
}

/** Invocations outside any task. */
export const noTask: InvocationSubject = { taskId: "00000000" as TaskId, attempt: 0 };

/** A built-in handler's run with its output checked against the contract. */
export interface TypedInvocation<H extends BuiltInHandler> extends Omit<InvocationHandle, "result"> {
  readonly result: Promise<HandlerOutput<H>>;
}

/** Invokes a built-in handler by its contract. */
export function invokeHandler<H extends BuiltInHandler>(
  workers: WorkerHost,
  subject: InvocationSubject,
  call: { readonly handler: H; readonly input: HandlerInput<H> },
  observer?: InvocationObserver,
): TypedInvocation<H> {
  const { handler, input } = call;
  const handle = workers.run({ ...subject, handler, input }, observer);
  const result = handle.result.then((output) => {
    const parsed = v.safeParse(handlerContracts[handler].output, output);
    if (!parsed.success) throw new TaskMasterError("WORKER_FAILED", `The handler ${handler} gave an output that does not fit its contract.`);
    return parsed.output;
  });
  return {
    result,
    pause: () => handle.pause(),
    resume: () => handle.resume(),
    tell: (wish) => handle.tell(wish),
    cancel: (reason) => handle.cancel(reason),
  };
}

/** Invokes a built-in handler and waits; an abort of the signal cancels it and waits for its end. What it reports goes to `onEvents`. */
export async function callHandler<H extends BuiltInHandler>(
  workers: WorkerHost,
  subject: InvocationSubject,
  call: { readonly handler: H; readonly input: HandlerInput<H> },
  { signal, onEvents }: Partial<VerbOptions> = {},
): Promise<HandlerOutput<H>> {
  signal?.throwIfAborted();
  const invocation = invokeHandler(workers, subject, call, onEvents === undefined ? undefined : { onEvents });
  const onAbort = (): void => invocation.cancel(toTaskMasterError(signal?.reason).message);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await invocation.result;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}
