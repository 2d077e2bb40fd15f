/** The terminals in which Goose's shell commands run: our processes, our environment, our kill. */
import { stat } from "node:fs/promises";
import { RequestError, type CreateTerminalRequest, type TerminalOutputResponse, type WaitForTerminalExitResponse } from "@agentclientprotocol/sdk";
import type { Environment } from "../process/environment.ts";
import type { ExitStatus } from "../process/processGroup.ts";
import { exitNumber, startShell, type ShellCommand } from "../process/shell.ts";
import { invalidParams, resolveInWorktree } from "./worktreePath.ts";

const maxOutputBytes = 1024 * 1024;
/** So much of a command's output goes to the journal while it runs; of the rest only the end. */
const maxLive = 512 * 1024;
const maxRest = 16 * 1024;
/** Most terminals that Goose has not released. */
const maxTerminals = 50;

/** Put behind the output of a command that the user ended; Goose reads it too. */
const stoppedByUser = "\n[The user stopped this command.]\n";

/** Hears what the commands do, by tool call. */
export interface TerminalListener {
  output(toolCallId: string, text: string): void;
  exited(toolCallId: string, exitCode: number): void;
}

export interface TerminalOptions {
  readonly worktree: string;
  readonly env: Environment;
  readonly listener: TerminalListener;
  /** Goose keeps what its commands print, and its model gets it. */
  readonly redact: (text: string) => string;
}

class Terminal {
  readonly shell: ShellCommand;
  readonly ended: Promise<ExitStatus>;
  status: ExitStatus | undefined;
  readonly #listener: TerminalListener;
  #toolCallId: string | undefined;
  /** Heard before Goose told to which tool call this terminal belongs. */
  #backlog = "";
  #told = 0;
  #rest = "";
  #restLength = 0;

  constructor(start: (onOutput: (text: string) => void) => ShellCommand, listener: TerminalListener) {
    this.#listener = listener;
    this.shell = start((text) => this.#hear(text));
    this.ended = this.shell.ended.then((status) => {
      this.status = status;
      this.#tellEnd();
      return status;
    });
  }

  get toolCallId(): string | undefined {
    return this.#toolCallId;
  }

  /** Ends the command because the user wants it; false when it has ended. */
  stop(): boolean {
    if (this.status !== undefined) return false;
    this.shell.output.push(stoppedByUser);
    this.#hear(stoppedByUser);
    this.shell.kill();
    return true;
  }

  link(toolCallId: string): void {
    if (this.#toolCallId !== undefined) return;
    this.#toolCallId = toolCallId;
    // In pieces: one event holds at most 64 K characters, and on a busy machine more than that may wait here.
    for (let at = 0; at < this.#backlog.length; at += maxRest) this.#listener.output(toolCallId, this.#backlog.slice(at, at + maxRest));
    this.#backlog = "";
    this.#tellEnd();
  }

  #hear(text: string): void {
    if (this.#told >= maxLive) {
      this.#restLength += text.length;
      this.#rest = (this.#rest + text).slice(-maxRest);
      return;
    }
    this.#told += text.length;
    if (this.#toolCallId === undefined) this.#backlog += text;
    else this.#listener.output(this.#toolCallId, text);
  }

  #tellEnd(): void {
    if (this.status === undefined || this.#toolCallId === undefined) return;
    const omitted = this.#restLength - this.#rest.length;
    if (omitted > 0) this.#listener.output(this.#toolCallId, `\n[… ${omitted} characters not kept …]\n`);
    if (this.#rest !== "") this.#listener.output(this.#toolCallId, this.#rest);
    this.#listener.exited(this.#toolCallId, exitNumber(this.status));
  }
}

/** All terminals of one run. Methods reject with RequestError, which becomes the answer to Goose. */
export class ClientTerminals {
  readonly #options: TerminalOptions;
  readonly #terminals = new Map<string, Terminal>();
  /** Calls that are to end before Goose told which terminal is theirs. */
  readonly #toStop = new Set<string>();
  #count = 0;
  #isClosed = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
  }

  async create(request: CreateTerminalRequest): Promise<{ terminalId: string }> {
    // Goose sends the whole command line as `command`; joining arguments to it would be an interpolation.
    if ((request.args ?? []).length > 0) throw new RequestError(invalidParams, "a command with separate arguments is not supported");
    const { worktree, env, listener } = this.#options;
    const { real: cwd } = await resolveInWorktree(worktree, request.cwd ?? worktree);
    const isFolder = await stat(cwd).then(
      (info) => info.isDirectory(),
      () => false,
    );
    if (!isFolder) throw new RequestError(invalidParams, `there is no folder ${request.cwd}`);
    if (this.#isClosed) throw new RequestError(invalidParams, "the task has ended");
    if (this.#terminals.size >= maxTerminals) throw new RequestError(invalidParams, "too many terminals are open");
    const given = Object.fromEntries((request.env ?? []).map(({ name, value }) => [name, value]));
    const tailBytes = Math.min(request.outputByteLimit ?? maxOutputBytes, maxOutputBytes);
    const terminalId = `terminal-${++this.#count}`;
    const start = (onOutput: (text: string) => void): ShellCommand => startShell(request.command, { cwd, env: { ...env, ...given }, tailBytes, onOutput });
    this.#terminals.set(terminalId, new Terminal(start, listener));
    return { terminalId };
  }

  /** Goose told which tool call the terminal belongs to. */
  link(terminalId: string, toolCallId: string): void {
    const terminal = this.#terminals.get(terminalId);
    terminal?.link(toolCallId);
    if (terminal !== undefined && this.#toStop.delete(toolCallId)) terminal.stop();
  }

  /** Ends the command of a tool call, which then fails with the words of `stoppedByUser`; also one that is only about to begin. */
  stop(toolCallId: string): void {
    const own = [...this.#terminals.values()].filter((terminal) => terminal.toolCallId === toolCallId);
    if (own.length === 0) this.#toStop.add(toolCallId);
    for (const terminal of own) terminal.stop();
  }

  output(terminalId: string): TerminalOutputResponse {
    const { shell, status } = this.#get(terminalId);
    return {
      output: this.#options.redact(shell.output.text()),
      truncated: shell.output.isTruncated,
      ...(status === undefined ? {} : { exitStatus: wireStatus(status) }),
    };
  }

  async waitForExit(terminalId: string): Promise<WaitForTerminalExitResponse> {
    return wireStatus(await this.#get(terminalId).ended);
  }

  kill(terminalId: string): Record<string, never> {
    this.#get(terminalId).shell.kill();
    return {};
  }

  async release(terminalId: string): Promise<Record<string, never>> {
    const terminal = this.#get(terminalId);
    terminal.shell.kill();
    await terminal.ended;
    this.#terminals.delete(terminalId);
    return {};
  }

  /** Kills everything and refuses new commands; settles when all of it is dead. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const terminals = [...this.#terminals.values()];
    for (const { shell } of terminals) shell.kill();
    await Promise.all(terminals.map(({ ended }) => ended));
  }

  #get(terminalId: string): Terminal {
    const terminal = this.#terminals.get(terminalId);
    if (terminal === undefined) throw new RequestError(invalidParams, `there is no terminal ${terminalId}`);
    return terminal;
  }
}

function wireStatus(status: ExitStatus): { exitCode: number; signal: string | null } {
  // Never null: Goose takes a command that a signal ended without a number for one that went well (measured).
  return { exitCode: exitNumber(status), signal: status.signal };
}
