/**
 * The thread side: receives invocations, runs their handlers, streams what they report. It never claims tasks, never
 * opens the store, never imports the engine. In `inline` mode the host starts the same harness on a port in its own thread.
 */
import { isMainThread, parentPort, workerData, type MessagePort } from "node:worker_threads";
import { pathToFileURL } from "node:url";
import { abortable } from "../base/abort.ts";
import { Gate } from "../base/gate.ts";
import { cancelledError, TaskMasterError } from "../model/errors.ts";
import type { PermissionOutcome, PermissionRequest } from "../model/toolCall.ts";
import type { RunWish } from "../model/runWish.ts";
import { hostWorkerVersion, parseHostMessage, type HostMessage } from "../protocol/hostWorker.ts";
import { serializeError } from "../protocol/serializedError.ts";
import { EventBatcher } from "./eventBatcher.ts";
import { TaskHandlerRegistry, type HandlerContext } from "./handlerRegistry.ts";
import { registerBuiltInHandlers } from "./handlers/builtIn.ts";

const heartbeatMs = 1_000;

/** What the harness is started with; same shape as the host's WorkerStart. */
interface HarnessStart {
  readonly modules: readonly string[];
}

interface RunningInvocation {
  readonly gate: Gate;
  readonly controller: AbortController;
  /** Tool calls that wait for the host's answer, by request. */
  readonly permissions: Map<string, (outcome: PermissionOutcome) => void>;
  readonly wishes: Wishes;
}

/** Keeps what is told to a run until somebody listens. */
class Wishes {
  #waiting: RunWish[] = [];
  #listener: ((wish: RunWish) => void) | undefined;

  take(wish: RunWish): void {
    if (this.#listener === undefined) this.#waiting.push(wish);
    else this.#listener(wish);
  }

  listen(listener: (wish: RunWish) => void): void {
    this.#listener = listener;
    for (const wish of this.#waiting.splice(0)) listener(wish);
  }
}

type RunMessage = Extract<HostMessage, { type: "run" }>;

class Harness {
  readonly #registry = new TaskHandlerRegistry();
  readonly #running = new Map<number, RunningInvocation>();
  readonly #batcher: EventBatcher;
  readonly #loaded: Promise<void>;
  #lastRequest = 0;

  constructor(port: MessagePort, { modules }: HarnessStart) {
    this.#batcher = new EventBatcher((messages) => port.postMessage(messages));
    registerBuiltInHandlers(this.#registry);
    this.#loaded = this.#loadModules(modules);
    this.#loaded.catch(() => undefined); // every run awaits it and reports the failure
  }

  /** Listens to the host and says `ready` when all modules are loaded (or one failed: then every run says so). */
  attach(port: MessagePort): void {
    port.on("message", (messages: unknown) => {
      for (const value of Array.isArray(messages) ? (messages as unknown[]) : [messages]) this.#receive(parseHostMessage(value));
    });
    const heartbeat = setInterval(() => {
      const invocationIds = [...new Set([...this.#running.keys(), ...this.#batcher.held])];
      if (invocationIds.length > 0) this.#batcher.now({ type: "heartbeat", invocationIds });
    }, heartbeatMs);
    heartbeat.unref();
    port.once("close", () => {
      clearInterval(heartbeat);
      this.#cancelAll("The host is gone.");
    });
    const ready = (): void => this.#batcher.now({ type: "ready", version: hostWorkerVersion, handlers: [...this.#registry.names] });
    this.#loaded.then(ready, ready);
  }

  async #loadModules(modules: readonly string[]): Promise<void> {
    for (const file of modules) {
      const module = (await import(pathToFileURL(file).href)) as { register?: (registry: TaskHandlerRegistry) => void };
      if (typeof module.register !== "function")
        throw new TaskMasterError("INVALID_INPUT", `The worker module ${file} exports no function register(registry).`);
      module.register(this.#registry);
    }
  }

  #receive(message: HostMessage | undefined): void {
    if (message === undefined) return;
    if (message.type === "run") void this.#run(message);
    else if (message.type === "acknowledge") this.#batcher.acknowledge(message.invocationId, message.events);
    else if (message.type === "shutdown") this.#cancelAll("Task Master is shutting down.");
    else this.#steer(message);
  }

  #steer(message: Exclude<HostMessage, { type: "run" | "shutdown" | "acknowledge" }>): void {
    const running = this.#running.get(message.invocationId);
    if (message.type === "pause") running?.gate.close();
    else if (message.type === "resume") running?.gate.open();
    else if (message.type === "tell") running?.wishes.take(message.wish);
    else if (message.type === "cancel") running?.controller.abort(cancelledError(message.reason));
    else running?.permissions.get(message.requestId)?.(message.outcome);
  }

  #cancelAll(reason: string): void {
    for (const { controller } of this.#running.values()) controller.abort(cancelledError(reason));
  }

  async #askPermission(invocationId: number, request: PermissionRequest): Promise<PermissionOutcome> {
    const running = this.#running.get(invocationId);
    if (running === undefined) return "reject_once";
    const requestId = `p${++this.#lastRequest}`;
    const { promise, resolve } = Promise.withResolvers<PermissionOutcome>();
    running.permissions.set(requestId, resolve);
    this.#batcher.behind({ type: "permission", invocationId, requestId, request });
    try {
      return await abortable(promise, running.controller.signal);
    } finally {
      running.permissions.delete(requestId);
    }
  }

  async #run({ invocationId, invocation }: RunMessage): Promise<void> {
    const gate = new Gate();
    const controller = new AbortController();
    const permissions: RunningInvocation["permissions"] = new Map();
    const wishes = new Wishes();
    this.#running.set(invocationId, { gate, controller, permissions, wishes });
    this.#batcher.now({ type: "claim", invocationId });
    const context: HandlerContext = {
      taskId: invocation.taskId,
      attempt: invocation.attempt,
      signal: controller.signal,
      gate: () => gate.passed(controller.signal),
      get isPaused() {
        return gate.isClosed;
      },
      permit: (request) => this.#askPermission(invocationId, request),
      onWish: (listener) => wishes.listen(listener),
      emit: (event) => {
        if (this.#running.has(invocationId)) this.#batcher.event(invocationId, event);
      },
      room: () => this.#batcher.room(invocationId),
    };
    try {
      await this.#loaded;
      const output = await this.#registry.get(invocation.handler)(invocation.input, context);
      this.#running.delete(invocationId);
      this.#batcher.behind({ type: "completed", invocationId, output });
    } catch (thrown) {
      this.#running.delete(invocationId);
      this.#batcher.behind({ type: "failed", invocationId, error: serializeError(thrown) });
    }
  }
}

/** Starts the harness on a port; called by the host in inline mode. */
export function startHarness(port: MessagePort, start: HarnessStart): void {
  new Harness(port, start).attach(port);
}

const start: unknown = workerData;
if (!isMainThread && parentPort !== null && typeof start === "object" && start !== null && "taskMasterWorker" in start) {
  startHarness(parentPort, start as unknown as HarnessStart);
}
