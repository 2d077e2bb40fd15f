/** What tests of the worker share: a context that a test steers, and a place in which the real Goose can run. */
import { randomUUID } from "node:crypto";
import path from "node:path";
import { onTestFinished, vi } from "vitest";
import { Gate } from "../../../src/base/gate.ts";
import { cancelledError } from "../../../src/model/errors.ts";
import type { WorkerEventBody } from "../../../src/model/taskEvent.ts";
import { decidePermission } from "../../../src/engine/permissionPolicy.ts";
import type { PermissionOutcome, PermissionRequest, ToolCallUpdate } from "../../../src/model/toolCall.ts";
import type { GooseRunInput, GooseRunOutput } from "../../../src/protocol/handlers.ts";
import { workerEventSchema } from "../../../src/protocol/hostWorker.ts";
import type { HandlerContext } from "../../../src/worker/handlerRegistry.ts";
import { gooseRun } from "../../../src/worker/handlers/gooseRun.ts";
import * as v from "valibot";
import { Emitter } from "../../../src/base/event.ts";
import type { RunWish } from "../../../src/model/runWish.ts";
import { gooseBinary } from "../../helpers/gooseBinary.ts";
import { waitForNoProcesses } from "../../helpers/leakCheck.ts";
import { startModelServer, type ModelScript, type ModelServer } from "../../helpers/modelServer.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../../helpers/tempRepo.ts";

/** A handler's context in the hands of a test. Every event must fit the wire. */
export class TestContext implements HandlerContext {
  readonly taskId = "0000test";
  readonly attempt = 1;
  readonly events: WorkerEventBody[] = [];
  readonly requests: PermissionRequest[] = [];
  /** Where it runs, as the engine knows it. */
  worktree = "/worktree";
  readonly #gate = new Gate();
  readonly #wishes = new Emitter<RunWish>();
  readonly #controller = new AbortController();

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get isPaused(): boolean {
    return this.#gate.isClosed;
  }

  gate(): Promise<void> {
    return this.#gate.passed(this.signal);
  }

  /** As the engine decides, and a user who allows whatever is asked. */
  permit(request: PermissionRequest): Promise<PermissionOutcome> {
    this.requests.push(request);
    const { kind } = decidePermission(request, { mode: "autonomous", grants: [], worktree: this.worktree });
    return Promise.resolve(kind === "reject" ? "reject_once" : "allow_once");
  }

  room(): Promise<void> | undefined {
    return undefined;
  }

  onWish(listener: (wish: RunWish) => void): void {
    this.#wishes.event(listener);
  }

  tell(wish: RunWish): void {
    this.#wishes.fire(wish);
  }

  emit(event: WorkerEventBody): void {
    this.events.push(v.parse(workerEventSchema, event));
  }

  pause(): void {
    this.#gate.close();
  }

  resume(): void {
    this.#gate.open();
  }

  cancel(): void {
    this.#controller.abort(cancelledError("The test cancels."));
  }

  of<T extends WorkerEventBody["type"]>(type: T): Extract<WorkerEventBody, { type: T }>[] {
    return this.events.filter((event): event is Extract<WorkerEventBody, { type: T }> => event.type === type);
  }

  /** All updates of the tool calls with this name, each call folded into one. */
  calls(): (ToolCallUpdate & { readonly statuses: readonly string[] })[] {
    const calls = new Map<string, ToolCallUpdate & { readonly statuses: readonly string[] }>();
    for (const { call } of this.of("tool_call")) {
      const before = calls.get(call.toolCallId) ?? { toolCallId: call.toolCallId, statuses: [] };
      const outputDelta = (before.outputDelta ?? "") + (call.outputDelta ?? "");
      calls.set(call.toolCallId, {
        ...before,
        ...call,
        outputDelta,
        statuses: call.status === undefined ? before.statuses : [...before.statuses, call.status],
      });
    }
    return [...calls.values()];
  }

  text(role: "agent" | "thought" | "user" | "notice"): string {
    return this.of("message")
      .filter((event) => event.role === role)
      .map((event) => event.text)
      .join("");
  }
}

/** Everything a run of the real Goose needs, isolated from the machine. */
export interface GoosePlace {
  readonly server: ModelServer;
  readonly repo: TempRepo;
  readonly home: TempDir;
  /** In the environment of every process of this test. */
  readonly marker: string;
  run(context: TestContext, changes?: Partial<GooseRunInput>): Promise<GooseRunOutput>;
}

const limits = { maxTurns: 20, wallClockMs: 60_000, startupMs: 20_000, idleMs: 30_000 };

/** Makes a place for one test. When the test ends, no process may be left. */
export async function goosePlace(script?: ModelScript): Promise<GoosePlace> {
  const server = await startModelServer(script);
  const repo = createTempRepo({ files: { "a.txt": "one\n" } });
  const home = createTempDir("goose-home-");
  const marker = `marker-${randomUUID()}`;
  stubEnvironment({ ...server.env, ...homeEnvironment(home.dir), TASK_MASTER_TEST: marker });
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await server.close();
    try {
      await waitForNoProcesses(marker, 3_000);
    } finally {
      repo.dispose();
      home.dispose();
    }
  });
  const run: GoosePlace["run"] = async (context, changes = {}) => {
    const input: GooseRunInput = {
      run: "00000001-1",
      goose: { path: gooseBinary() },
      worktree: repo.dir,
      tmpDir: path.join(home.dir, "tmp"),
      prompt: "Do the task.",
      limits,
      ...changes,
    };
    context.worktree = input.worktree;
    return (await gooseRun(input, context)) as unknown as GooseRunOutput;
  };
  return { server, repo, home, marker, run };
}

/** Sets variables for this test; undefined removes one. */
export function stubEnvironment(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
}

function homeEnvironment(home: string): Record<string, string | undefined> {
  const variables = {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, "config"),
    XDG_DATA_HOME: path.join(home, "data"),
    XDG_STATE_HOME: path.join(home, "state"),
  };
  // The machine's own Goose must not take part.
  return { ...variables, GOOSE_BINARY: undefined, GOOSE_PATH_ROOT: undefined };
}

/** The code with which a promise rejects; fails when it resolves. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<{ readonly code: string; readonly retryable: boolean; readonly message: string; readonly details: string | undefined }> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ("value" in outcome) throw new Error(`resolved with ${JSON.stringify(outcome.value)}`);
  const { code, retryable, message, details } = outcome.error as { code: string; retryable: boolean; message: string; details: string | undefined };
  return { code, retryable, message, details };
}
