import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import { pathToFileURL } from "node:url";
import type { PoolMode } from "../model/settings.ts";
import type { HostMessage } from "../protocol/hostWorker.ts";

/** What a worker is started with (`workerData` of a thread). */
export interface WorkerStart {
  readonly taskMasterWorker: true;
  /** Files of modules that register further handlers. */
  readonly modules: readonly string[];
}

/** The host's end of one worker, whether it is a thread or runs inline. */
export interface WorkerLink {
  post(messages: readonly HostMessage[]): void;
  /** Whether the worker keeps the process alive: while something runs in it. */
  hold(isHeld: boolean): void;
  /** Ends the worker at once. */
  terminate(): Promise<void>;
}

/** What the host hears from a link. */
export interface WorkerLinkListener {
  onMessages(messages: unknown): void;
  /** The worker is gone; `error` says why when it did not end on request. */
  onExit(error: Error | undefined): void;
}

/** Starts a worker from its script in the wanted mode. */
export function openLink(mode: PoolMode, script: string, start: WorkerStart, listener: WorkerLinkListener): WorkerLink {
  return mode === "thread" ? openThread(script, start, listener) : openInline(script, start, listener);
}

function openThread(script: string, start: WorkerStart, listener: WorkerLinkListener): WorkerLink {
  // A worker that hoards memory ends alone, long before the host is in need.
  const worker = new Worker(pathToFileURL(script), { workerData: start, name: "task-master-worker", resourceLimits: { maxOldGenerationSizeMb: 512 } });
  let failure: Error | undefined;
  worker.on("message", (messages: unknown) => listener.onMessages(messages));
  worker.on("messageerror", (error) => listener.onMessages({ unreadable: error.message }));
  worker.on("error", (error) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  worker.on("exit", (code) => listener.onExit(failure ?? (code === 0 ? undefined : new Error(`the worker thread exited with code ${code}`))));
  worker.unref();
  return {
    post: (messages) => worker.postMessage(messages),
    hold: (isHeld) => (isHeld ? worker.ref() : worker.unref()),
    terminate: async () => {
      await worker.terminate();
    },
  };
}

type HarnessModule = { readonly startHarness: (port: MessagePort, start: WorkerStart) => void };

function openInline(script: string, start: WorkerStart, listener: WorkerLinkListener): WorkerLink {
  const { port1, port2 } = new MessageChannel();
  port1.on("message", (messages: unknown) => listener.onMessages(messages));
  port1.once("close", () => listener.onExit(undefined));
  import(pathToFileURL(script).href).then(
    (module: HarnessModule) => module.startHarness(port2, start),
    (error: unknown) => {
      listener.onExit(error instanceof Error ? error : new Error(String(error)));
      port1.close();
    },
  );
  port1.unref();
  return {
    post: (messages) => port1.postMessage(messages),
    hold: (isHeld) => (isHeld ? port1.ref() : port1.unref()),
    terminate: () => {
      port1.close();
      return Promise.resolve();
    },
  };
}
