import type { PermissionOutcome, PermissionRequest } from "../../model/toolCall.ts";
import type { HandlerContext } from "../handlerRegistry.ts";

/** Knows whether somebody is being asked for leave: nothing is worked meanwhile, and the time does not count. */
export class OpenQuestions {
  readonly #context: Pick<HandlerContext, "permit">;
  #count = 0;

  constructor(context: Pick<HandlerContext, "permit">) {
    this.#context = context;
  }

  get areOpen(): boolean {
    return this.#count > 0;
  }

  async ask(request: PermissionRequest): Promise<PermissionOutcome> {
    this.#count++;
    try {
      return await this.#context.permit(request);
    } finally {
      this.#count--;
    }
  }
}
