import { setTimeout as delay } from "node:timers/promises";
import type { AnyMessage, ClientApp, ClientConnection, ClientContext } from "@agentclientprotocol/sdk";
import { TaskMasterError } from "../../model/errors.ts";
import type { Environment } from "../process/environment.ts";
import { OutputTail, textDecoder } from "../process/outputTail.ts";
import { spawnGroup, type ExitStatus, type ProcessGroup } from "../process/processGroup.ts";
import { JsonLineFramer } from "./jsonLines.ts";
import { chooseAnother, wrongProgram } from "./wrongProgram.ts";

/** After stdin has ended Goose gets so long to leave by itself. */
const leaveMs = 2_000;
/** So long its last words may still be on their way after its exit, and it may live after the end of its output. */
const drainMs = 500;

const stderrTailBytes = 8 * 1024;
/** Most requests of Goose that wait for an answer: it asks one thing at a time for each of its tool calls. */
const maxRequests = 200;

const doesNotSpeak = "it does not speak the Agent Client Protocol";

export interface GooseProcessOptions {
  readonly binary: string;
  readonly cwd: string;
  readonly env: Environment;
  /** Answers Goose's requests. */
  readonly app: ClientApp;
  /** Called in order, before any response that came later is delivered. */
  onNotification(method: string, params: unknown): void;
  /** Any message that fits the protocol. */
  readonly onSignOfLife: () => void;
  readonly redact: (text: string) => string;
  /** While it is a promise nothing more is read until that settles: Goose's pipe fills, and it waits. */
  room?(): Promise<void> | undefined;
}

/** `goose acp` in a process group of its own, with its conversation. */
export class GooseProcess {
  /** For requests to Goose. They may hang: race them with `failure`. */
  readonly agent: ClientContext;
  /** Resolves, never rejects, when the process or its protocol is beyond use. */
  readonly failure: Promise<TaskMasterError>;
  readonly #options: GooseProcessOptions;
  readonly #group: ProcessGroup;
  readonly #connection: ClientConnection;
  readonly #stderr = new OutputTail(stderrTailBytes);
  readonly #fail: (error: TaskMasterError) => void;
  /** Settles when what Goose has said is no longer held back. */
  #room: Promise<void> | undefined;
  #receive: (message: AnyMessage) => void = () => undefined;
  /** Whether it answered a request of ours, of which the handshake is the first: before that it may be any program. */
  #hasAnswered = false;
  #wasKilled = false;
  #garbageLines = 0;
  #garbageSample = "";
  /** Requests of ours without an answer, by their ids. */
  readonly #asked = new Set<unknown>();
  /** How many requests of Goose have no answer, or one that it has not read. */
  #unanswered = 0;

  constructor(options: GooseProcessOptions) {
    this.#options = options;
    const failure = Promise.withResolvers<TaskMasterError>();
    this.failure = failure.promise;
    this.#fail = failure.resolve;
    this.#group = spawnGroup(options.binary, ["acp"], { cwd: options.cwd, env: options.env, stdin: true });
    this.#readOutput();
    this.#connection = options.app.connect({ readable: this.#readable(), writable: this.#writable() });
    this.agent = this.#connection.agent;
  }

  /** Dropped lines, for the log. */
  get garbageLines(): number {
    return this.#garbageLines;
  }

  /** Says why nothing came in time: another program that talks, or silence. */
  silence(waitedMs: number): TaskMasterError {
    if (!this.#hasAnswered && this.#garbageLines > 0) return this.#wrongProgram(doesNotSpeak);
    return new TaskMasterError("TIMEOUT", `Goose did not start within ${waitedMs} ms.`, { retryable: true, details: this.#words() });
  }

  kill(): void {
    this.#wasKilled ||= !this.#group.hasExited;
    this.#group.killGroup();
  }

  /** Ends the process: by the end of its input, then by force. Afterwards nothing of its group is alive. Idempotent. */
  async close(): Promise<void> {
    this.#connection.close();
    this.#group.stdin?.end();
    await this.#within(this.#group.exited, leaveMs);
    this.#group.killGroup();
    await this.#within(this.#group.exited, leaveMs);
    for (const stream of [this.#group.stdin, this.#group.stdout, this.#group.stderr]) stream?.destroy();
  }

  #readOutput(): void {
    const { stdout, stderr, exited } = this.#group;
    const framer = new JsonLineFramer({
      onMessage: (message) => this.#dispatch(message),
      onGarbage: (line) => {
        this.#garbageLines++;
        if (this.#garbageSample === "") this.#garbageSample = Buffer.from(line.subarray(0, 400)).toString("utf8").trimEnd();
      },
      onOverflow: (why) => this.#breakOff(why),
    });
    stdout.on("data", (chunk: Buffer) => {
      framer.push(chunk);
      this.#room = this.#options.room?.()?.finally(() => {
        this.#room = undefined;
        stdout.resume();
      });
      if (this.#room !== undefined) stdout.pause();
    });
    const decoder = textDecoder((text) => this.#stderr.push(text));
    stderr.on("data", (chunk: Buffer) => decoder.push(chunk));
    const ended = new Promise<void>((resolve) => stdout.once("close", resolve).once("error", () => resolve()));
    // A Goose without an output is no use; and what it said last may arrive after its exit.
    void ended.then(() => this.#within(exited, drainMs)).then(() => this.kill());
    void exited.then(async (status) => {
      // What is held back is not late: only what does not come is.
      do {
        await this.#room;
        await this.#within(ended, drainMs);
      } while (this.#room !== undefined);
      this.#fail(this.#exitError(status));
    });
  }

  #breakOff(why: string): void {
    this.#group.stdout.destroy();
    this.#fail(
      this.#hasAnswered
        ? new TaskMasterError("GOOSE_PROTOCOL", `Goose broke the protocol: ${why}.`, { details: this.#words() })
        : this.#wrongProgram(`${doesNotSpeak} (${why})`),
    );
    this.kill();
  }

  /** Notifications are handled here and now, so that a response never overtakes what was said before it. */
  #dispatch(message: Readonly<Record<string, unknown>>): void {
    this.#options.onSignOfLife();
    const { method, id } = message;
    this.#hasAnswered ||= method === undefined && message["result"] !== undefined;
    if (typeof method === "string" && id === undefined) return this.#options.onNotification(method, message["params"]);
    const isRequest = method !== undefined && (typeof id === "string" || typeof id === "number");
    // An answer without an id is Goose's complaint about a line of ours that it could not read.
    if (!isRequest && !this.#asked.delete(id)) return void this.#garbageLines++;
    if (isRequest && ++this.#unanswered > maxRequests) return this.#breakOff(`more than ${maxRequests} of its requests wait for an answer`);
    this.#receive(message as unknown as AnyMessage);
  }

  /** Never ends by itself: what became of the process is told by `failure`, with a reason. */
  #readable(): ReadableStream<AnyMessage> {
    return new ReadableStream<AnyMessage>({
      start: (controller) => {
        this.#receive = (message) => controller.enqueue(message);
      },
      cancel: () => {
        this.#receive = () => undefined;
      },
    });
  }

  #writable(): WritableStream<AnyMessage> {
    const { stdin } = this.#group;
    return new WritableStream<AnyMessage>({
      write: async (message) => {
        if (stdin === undefined || !stdin.writable) return;
        const isAnswer = !("method" in message);
        if (!isAnswer && "id" in message) this.#asked.add(message.id);
        // An error means that Goose is gone, which `failure` tells.
        await new Promise<void>((resolve) => stdin.write(`${JSON.stringify(message)}\n`, () => resolve()));
        if (isAnswer) this.#unanswered--;
      },
    });
  }

  #exitError(status: ExitStatus): TaskMasterError {
    if (status.error !== undefined) {
      const code = status.error.code === "EACCES" || status.error.code === "ENOEXEC" ? "GOOSE_NOT_EXECUTABLE" : "GOOSE_NOT_FOUND";
      return new TaskMasterError(code, `"${this.#options.binary}" could not be started: ${status.error.message}`);
    }
    const how = status.signal === null ? `exit code ${status.exitCode}` : status.signal;
    if (this.#hasAnswered)
      return this.#exited(`Goose ended in the middle of its work (${how}). Retry the task; if it happens again, update Goose ("goose update").`);
    if (this.#garbageLines > 0) return this.#wrongProgram(doesNotSpeak);
    if (this.#wasKilled) return this.#wrongProgram("it closed its output before it answered");
    if (status.signal === null) return this.#wrongProgram(`it ended before it answered (${how})`);
    // A crash may be this Goose's own, so it is not called another program.
    return this.#exited(`"${this.#options.binary}" crashed before it answered (${how}). If that happens again: is it Goose? ${chooseAnother}`);
  }

  #exited(message: string): TaskMasterError {
    return new TaskMasterError("GOOSE_EXITED", message, { retryable: true, details: this.#words() });
  }

  #wrongProgram(why: string): TaskMasterError {
    return wrongProgram(this.#options.binary, why, this.#words());
  }

  #words(): string {
    return this.#options.redact([this.#garbageSample, this.#stderr.text()].filter((part) => part !== "").join("\n"));
  }

  async #within(promise: Promise<unknown>, ms: number): Promise<void> {
    const timer = new AbortController();
    await Promise.race([promise, delay(ms, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
  }
}
