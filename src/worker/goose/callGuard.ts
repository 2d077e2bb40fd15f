import { RequestError, type RequestPermissionRequest, type WriteTextFileRequest } from "@agentclientprotocol/sdk";
import type { PermissionOutcome, PermissionRequest } from "../../model/toolCall.ts";
import { AllowedCalls } from "./allowedCalls.ts";
import { permissionRequest } from "./permissionRequest.ts";
import { invalidParams, resolveInWorktree } from "./worktreePath.ts";

/** What the guard asks of its session. */
export interface CallGuardPorts {
  readonly worktree: string;
  /** The tool of a call that has not ended. */
  toolName(toolCallId: string): string | undefined;
  permit(request: PermissionRequest): Promise<PermissionOutcome>;
  passGate(): Promise<void>;
}

/** Whatever Goose has us run or write belongs to a call that was allowed, or is decided on by itself. Rejects with RequestError. */
export class CallGuard {
  readonly #ports: CallGuardPorts;
  readonly #allowed: AllowedCalls;
  #unasked = 0;

  constructor(ports: CallGuardPorts) {
    this.#ports = ports;
    this.#allowed = new AllowedCalls((toolCallId) => ports.toolName(toolCallId) !== undefined);
  }

  /** What the engine decides on when Goose asks. */
  requestOf({ toolCallId, title, rawInput }: RequestPermissionRequest["toolCall"]): Promise<PermissionRequest> {
    const toolName = this.#ports.toolName(toolCallId) ?? title ?? "";
    return permissionRequest(this.#ports.worktree, { toolCallId, toolName, title: title ?? "", rawInput });
  }

  allow(toolCallId: string, input: unknown): void {
    this.#allowed.allow(toolCallId, input);
  }

  async assertCommand(command: string): Promise<void> {
    if (!this.#allowed.takeCommand(command)) await this.#permit("shell", { command });
  }

  async assertWrite({ path, content }: Pick<WriteTextFileRequest, "path" | "content">): Promise<void> {
    const { worktree } = this.#ports;
    const { real } = await resolveInWorktree(worktree, path);
    const leadsThere = (named: string): Promise<boolean> =>
      resolveInWorktree(worktree, named).then(
        (place) => place.real === real,
        () => false,
      );
    if (!(await this.#allowed.takeWrite(leadsThere))) await this.#permit("write", { path, content });
  }

  async #permit(toolName: string, rawInput: object): Promise<void> {
    const request = await permissionRequest(this.#ports.worktree, { toolCallId: `unasked-${++this.#unasked}`, toolName, title: toolName, rawInput });
    const outcome = await this.#ports.permit(request).catch(() => "reject_once");
    if (outcome !== "allow_once") throw new RequestError(invalidParams, "this was not allowed");
    await this.#ports.passGate();
  }
}
