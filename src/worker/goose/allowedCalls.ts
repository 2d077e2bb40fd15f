/** What the tool calls that were allowed may do through us. Goose decides by itself when it asks: what it does without is found here. */
interface AllowedCall {
  readonly toolCallId: string;
  readonly command?: string;
  /** As Goose named it. */
  readonly path?: string;
}

/** Each allowed call stands for one command or one write, as long as it is open. */
export class AllowedCalls {
  readonly #isOpen: (toolCallId: string) => boolean;
  #calls: AllowedCall[] = [];

  constructor(isOpen: (toolCallId: string) => boolean) {
    this.#isOpen = isOpen;
  }

  allow(toolCallId: string, input: unknown): void {
    const [command, path] = [textOf(input, "command"), textOf(input, "path")];
    if (command !== undefined) this.#calls.push({ toolCallId, command });
    else if (path !== undefined) this.#calls.push({ toolCallId, path });
  }

  /** Whether an allowed call runs this very command; it is used up then. */
  takeCommand(command: string): boolean {
    return this.#take((call) => call.command === command);
  }

  /** Whether an allowed call writes this file. `sameFile` tells whether a path that Goose named leads there. */
  async takeWrite(sameFile: (path: string) => Promise<boolean>): Promise<boolean> {
    for (const call of this.#calls.filter((each) => each.path !== undefined)) {
      if (await sameFile(call.path ?? "")) return this.#take((each) => each === call);
    }
    return false;
  }

  #take(fits: (call: AllowedCall) => boolean): boolean {
    this.#calls = this.#calls.filter(({ toolCallId }) => this.#isOpen(toolCallId));
    const index = this.#calls.findIndex(fits);
    if (index < 0) return false;
    this.#calls.splice(index, 1);
    return true;
  }
}

/** A text in a tool's input by its name. */
export function textOf(input: unknown, name: string): string | undefined {
  if (typeof input !== "object" || input === null || !Object.hasOwn(input, name)) return undefined;
  const value = (input as Readonly<Record<string, unknown>>)[name];
  return typeof value === "string" ? value : undefined;
}
