/** One ACP session of one Goose process: the handshake, our answers to Goose's requests, one prompt turn. */
import * as v from "valibot";
import { setTimeout as delay } from "node:timers/promises";
import { client, methods, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk";
import type { ClientApp, InitializeResponse, RequestPermissionRequest, RequestPermissionResponse } from "@agentclientprotocol/sdk";
import { abortable } from "../../base/abort.ts";
import { TaskMasterError } from "../../model/errors.ts";
import type { WorkerEventBody } from "../../model/taskEvent.ts";
import type { PermissionOutcome, PermissionRequest } from "../../model/toolCall.ts";
import type { UsageBefore } from "../../protocol/handlers.ts";
import type { RunWish } from "../../model/runWish.ts";
import { saidMessageId } from "../../model/userMessage.ts";
import type { Environment } from "../process/environment.ts";
import type { Redaction } from "../process/redaction.ts";
import { CallGuard } from "./callGuard.ts";
import { classifyRequestError, classifyTurn } from "./classify.ts";
import { assertConfigured } from "./configured.ts";
import { readClientFile, writeClientFile } from "./clientFiles.ts";
import { ClientTerminals } from "./clientTerminals.ts";
import { GooseProcess, type GooseProcessOptions } from "./gooseProcess.ts";
import { shortId } from "./toolCallMapper.ts";
import { withoutSecrets } from "./permissionRequest.ts";
import { newSessionAnswer, promptAnswer, readAnswer, type NewSession } from "./sessionAnswers.ts";
import { TurnRecorder } from "./turnRecorder.ts";
import { UserWords, type Words } from "./userWords.ts";
import { isOlder, minimumGooseVersion } from "./version.ts";
import { invalidParams } from "./worktreePath.ts";
import { wrongProgram } from "./wrongProgram.ts";

/** So long Goose may take to end a cancelled turn before it is killed (it ignores a cancel while its provider hangs). */
const cancelGraceMs = 3_000;
/** Goose says how much a loaded session has used right after it has loaded it (measured); for so long that is waited for. */
const reportMs = 1_000;

const steerAnswer = v.looseObject({ messageId: v.string() });

export interface GooseSessionOptions extends Pick<GooseProcessOptions, "binary" | "onSignOfLife" | "room"> {
  readonly worktree: string;
  readonly gooseEnv: Environment;
  readonly shellEnv: Environment;
  /** The end of the run, for whatever reason; its reason is a TaskMasterError. */
  readonly end: AbortSignal;
  /** Resolves while work may go on; held while the task is paused. */
  gate(): Promise<void>;
  /** Whether a tool call may go ahead. */
  permit(request: PermissionRequest): Promise<PermissionOutcome>;
  readonly emit: (event: WorkerEventBody) => void;
  readonly redaction: Redaction;
  /** What the attempt has used before. */
  readonly usage?: UsageBefore;
  /** How long this run was active so far (ms). */
  readonly workedMs?: () => number;
}

/** Starts Goose at once. Call `close` in every case: it leaves no process behind. */
export class GooseSession {
  readonly recorder: TurnRecorder;
  readonly process: GooseProcess;
  /** What the user says to Goose. */
  readonly words: UserWords;
  readonly #options: GooseSessionOptions;
  readonly #terminals: ClientTerminals;
  /** Tool calls that wait for leave, each with what declines it. */
  readonly #asked = new Map<string, () => void>();
  readonly #guard: CallGuard;
  #sessionId = "";

  constructor(options: GooseSessionOptions) {
    this.#options = options;
    this.#guard = new CallGuard({ ...options, toolName: (id) => this.recorder.tools.toolName(id), passGate: () => this.#passGate() });
    this.recorder = new TurnRecorder({
      worktree: options.worktree,
      emit: options.emit,
      ...(options.usage === undefined ? {} : { usage: options.usage }),
      ...(options.workedMs === undefined ? {} : { workedMs: options.workedMs }),
      onTerminal: (terminalId, toolCallId) => this.#terminals.link(terminalId, shortId(toolCallId)),
      onRun: (runId) => this.words.runChanged(runId),
      onSteered: (messageId) => this.words.steered(messageId),
    });
    this.words = new UserWords({
      steer: (runId, text) => this.#steer(runId, text),
      onDelivered: ({ id, text }) => options.emit({ type: "message", role: "user", messageId: saidMessageId(id), text }),
    });
    const { worktree, shellEnv: env, redaction } = options;
    this.#terminals = new ClientTerminals({ worktree, env, listener: this.recorder.tools, redact: redaction.text });
    this.process = new GooseProcess({
      binary: options.binary,
      cwd: options.worktree,
      env: options.gooseEnv,
      app: this.#app(),
      onNotification: (method, params) => this.recorder.take(method, params),
      onSignOfLife: options.onSignOfLife,
      redact: redaction.text,
      room: () => options.room?.(),
    });
  }

  /** The handshake. Returns Goose's version. */
  async initialize(): Promise<string> {
    const request = {
      protocolVersion: PROTOCOL_VERSION,
      clientInfo: { name: "task-master-goose", version: "1" },
      clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: true, _meta: { goose: { customNotifications: true } } },
    };
    const answer: InitializeResponse = await this.#ask(this.process.agent.request(methods.agent.initialize, request), "initialize");
    // Goose echoes any protocol version, so only its name tells that it is Goose.
    const { name, version } = answer.agentInfo ?? { name: "without a name", version: "?" };
    if (name !== "goose") throw wrongProgram(this.#options.binary, `it calls itself "${name.slice(0, 100)}"`);
    if (isOlder(version, minimumGooseVersion)) {
      throw new TaskMasterError("GOOSE_TOO_OLD", `Goose ${version} is too old: ${minimumGooseVersion} or newer is needed ("goose update").`);
    }
    return version;
  }

  /** Opens a session, or the stored one. Returns its id. */
  async open(stored: string | undefined): Promise<string> {
    if (stored === undefined) {
      const { sessionId } = await this.newSession();
      return sessionId;
    }
    this.recorder.isReplaying = true;
    await this.#ask(this.process.agent.request(methods.agent.session.load, { sessionId: stored, cwd: this.#options.worktree, mcpServers: [] }), "load");
    this.recorder.isReplaying = false;
    this.#sessionId = stored;
    await this.#within(this.recorder.usage.started, reportMs);
    return stored;
  }

  /** Opens a new session and returns all that Goose says about it. */
  async newSession(): Promise<NewSession> {
    const raw: unknown = await this.#ask(this.process.agent.request(methods.agent.session.new, { cwd: this.#options.worktree, mcpServers: [] }), "new");
    const answer = readAnswer(newSessionAnswer, raw);
    this.#sessionId = answer.sessionId;
    this.recorder.usage.startAtZero();
    return answer;
  }

  /** What the user wants of the turn in progress. */
  tell(wish: RunWish): void {
    if (wish.type === "say") this.words.say(wish);
    else this.#stopToolCall(shortId(wish.toolCallId));
  }

  /** One prompt turn, with the words of the user that are in its text. Resolves with the final message only when the model really answered. */
  async prompt(text: string, words: readonly Words[] = []): Promise<string> {
    this.recorder.startTurn();
    this.words.inPrompt(words);
    // Lone surrogates would become invalid UTF-8 or JSON that Goose cannot read.
    const prompt = [{ type: "text" as const, text: text.toWellFormed() }];
    const turn: Promise<unknown> = this.#ask(this.process.agent.request(methods.agent.session.prompt, { sessionId: this.#sessionId, prompt }), "prompt");
    try {
      const { stopReason } = readAnswer(promptAnswer, await abortable(turn, this.#options.end));
      const error = classifyTurn(this.recorder.endTurn(stopReason));
      if (error !== undefined) throw error;
      this.words.promptArrived();
      return this.recorder.finalMessage;
    } catch (error) {
      if (this.#options.end.aborted) await this.#cancel(turn);
      throw error;
    }
  }

  /** Fails when the new session shows that Goose could not answer a prompt. */
  assertConfigured({ configOptions }: NewSession): Promise<void> {
    return assertConfigured(configOptions, (providerId) =>
      this.#ask(this.process.agent.request("_goose/unstable/providers/config/read", { providerId }), "new"),
    );
  }

  /** All that Goose says of the providers that it knows; needs no session. */
  providers(): Promise<unknown> {
    return this.#ask(this.process.agent.request("_goose/unstable/providers/list", {}), "new");
  }

  /** Asks Goose to forget the session (after a check). What comes of it does not matter. */
  async forget(): Promise<void> {
    await this.#ask(this.process.agent.request(methods.agent.session.delete, { sessionId: this.#sessionId }), "new").catch(() => undefined);
  }

  /** Ends Goose and its commands; afterwards nothing of them is alive. Idempotent. */
  async close(): Promise<void> {
    await this.#terminals.close();
    await this.process.close();
  }

  /** Cancel ladder: the protocol's cancel, our commands, a grace, then force. Open permissions were answered when the gate rejected. */
  async #cancel(turn: Promise<unknown>): Promise<void> {
    const settled = turn.then(
      () => undefined,
      () => undefined,
    );
    const grace = this.#within(settled, cancelGraceMs);
    // Not awaited: a Goose that does not read any more would hold us here.
    this.process.agent.notify(methods.agent.session.cancel, { sessionId: this.#sessionId }).catch(() => undefined);
    await this.#terminals.close();
    await grace;
    this.process.kill();
  }

  async #within(promise: Promise<unknown>, ms: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([promise, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }

  #app(): ClientApp {
    const { worktree, end } = this.#options;
    return client({ name: "task-master-goose" })
      .onRequest(methods.client.session.requestPermission, ({ params }) => this.#permission(params))
      .onRequest(methods.client.fs.readTextFile, ({ params }) => readClientFile(worktree, params))
      .onRequest(methods.client.fs.writeTextFile, async ({ params }) => {
        await this.#passGate();
        await this.#guard.assertWrite(params);
        return writeClientFile(worktree, params, () => end.aborted);
      })
      .onRequest(methods.client.terminal.create, async ({ params }) => {
        await this.#passGate();
        await this.#guard.assertCommand(params.command);
        return this.#terminals.create(params);
      })
      .onRequest(methods.client.terminal.waitForExit, ({ params }) => this.#terminals.waitForExit(params.terminalId))
      .onRequest(methods.client.terminal.output, ({ params }) => this.#terminals.output(params.terminalId))
      .onRequest(methods.client.terminal.kill, ({ params }) => this.#terminals.kill(params.terminalId))
      .onRequest(methods.client.terminal.release, ({ params }) => this.#terminals.release(params.terminalId));
  }

  /** Every tool call comes through here, as Goose runs in mode "approve". This is where a pause holds. */
  async #permission({ options, toolCall }: RequestPermissionRequest): Promise<RequestPermissionResponse> {
    const id = shortId(toolCall.toolCallId);
    const stopped = Promise.withResolvers<PermissionOutcome>();
    this.#asked.set(id, () => stopped.resolve("reject_once"));
    let outcome: PermissionOutcome;
    try {
      const permitted = this.#passGate().then(async () => this.#options.permit(withoutSecrets(await this.#guard.requestOf(toolCall), this.#options.redaction)));
      outcome = await Promise.race([permitted, stopped.promise]);
    } catch {
      return { outcome: { outcome: "cancelled" } };
    } finally {
      this.#asked.delete(id);
    }
    // Never allow_always: Goose would remember it for every session of this user, also outside of ours.
    const option = options.find(({ kind }) => kind === outcome);
    if (option === undefined) return { outcome: { outcome: "cancelled" } };
    if (outcome === "allow_once") {
      this.#guard.allow(toolCall.toolCallId, toolCall.rawInput);
      this.recorder.toolStarted(toolCall.toolCallId);
    } else this.recorder.tools.rejected(toolCall.toolCallId);
    return { outcome: { outcome: "selected", optionId: option.optionId } };
  }

  async #steer(runId: string, text: string): Promise<string> {
    const params = { sessionId: this.#sessionId, expectedRunId: runId, prompt: [{ type: "text", text: text.toWellFormed() }] };
    const answer: unknown = await this.process.agent.request("_goose/unstable/session/steer", params);
    return v.parse(steerAnswer, answer).messageId;
  }

  /** Ends what the call does, or declines it when it waits for leave; Goose hears that it was the user and goes on. */
  #stopToolCall(toolCallId: string): void {
    const what = this.recorder.tools.describe(toolCallId);
    const decline = this.#asked.get(toolCallId);
    if (what === undefined) return this.#log("info", "The tool call that was to be stopped had already ended.");
    if (decline !== undefined) decline();
    else if (this.recorder.tools.toolName(toolCallId) === "shell") this.#terminals.stop(toolCallId);
    else return this.#log("warn", `"${what}" cannot be stopped by itself, because it runs inside Goose. Stop the task instead.`);
    this.#log("info", `"${what}" was stopped by the user.`);
  }

  #log(level: "info" | "warn", message: string): void {
    this.#options.emit({ type: "log", level, message });
  }

  async #passGate(): Promise<void> {
    try {
      this.#options.end.throwIfAborted();
      await abortable(this.#options.gate(), this.#options.end);
      this.#options.end.throwIfAborted();
    } catch {
      throw new RequestError(invalidParams, "the task has ended");
    }
  }

  /** A request to Goose, or the reason why there is no Goose any more. */
  async #ask<T>(request: Promise<T>, phase: "initialize" | "new" | "load" | "prompt"): Promise<T> {
    const failure = this.process.failure.then((error) => Promise.reject(error));
    try {
      return await Promise.race([request, failure]);
    } catch (thrown) {
      if (phase === "initialize" && thrown instanceof RequestError) throw wrongProgram(this.#options.binary, thrown.message);
      throw classifyRequestError(thrown, phase);
    }
  }
}
