import { RequestError } from "@agentclientprotocol/sdk";
import type { UserMessage } from "../../model/userMessage.ts";

/** A message of the user, as it travels to Goose. */
export type Words = Pick<UserMessage, "id" | "text">;

/** What the words need of the conversation. */
export interface UserWordsPorts {
  /** Puts a text into the running turn; resolves with the id under which Goose will tell that the model gets it. */
  steer(runId: string, text: string): Promise<string>;
  /** Goose has the words. */
  onDelivered(words: Words): void;
}

const methodNotFound = -32601;
/** Most ids that are kept for answers that are still to come. */
const maxEarly = 1_000;

interface Waiting extends Words {
  /** Goose's id, once it accepted them for its turn. */
  steerId?: string;
}

/**
 * The user's words on their way to Goose. Into the running turn where that is possible (Goose gives them to the model before its
 * next step); whatever Goose refuses or does not take up until the end of the turn is left for a prompt of its own.
 *
 * Words count as delivered when Goose tells that it has them. A crash before that repeats them; they are never lost. A steer names
 * the turn that it is for, so one that comes late is refused and the words cannot arrive a second time by it.
 */
export class UserWords {
  readonly #ports: UserWordsPorts;
  readonly #waiting = new Map<string, Waiting>();
  readonly #delivered = new Set<string>();
  /** Ids of Goose for words that it took up before its answer to the steer had come. */
  readonly #early = new Set<string>();
  /** The words of the prompt that was sent last and has not begun yet. */
  #prompted: readonly Words[] = [];
  #runId: string | undefined;
  #canSteer = true;

  constructor(ports: UserWordsPorts) {
    this.#ports = ports;
  }

  /** Takes words up; the same ones only once. */
  say({ id, text }: Words): void {
    if (this.#delivered.has(id) || this.#waiting.has(id) || this.#prompted.some((words) => words.id === id)) return;
    const words = { id, text };
    this.#waiting.set(id, words);
    void this.#steer(words);
  }

  /** What Goose has not taken up. */
  get waiting(): readonly Words[] {
    return [...this.#waiting.values()];
  }

  /** A prompt with these words in it is about to be sent. */
  inPrompt(words: readonly Words[]): void {
    this.#prompted = words;
    for (const { id } of words) this.#waiting.delete(id);
  }

  /** Goose began a turn, or has none any more. */
  runChanged(runId: string | null): void {
    this.#runId = runId ?? undefined;
    if (runId === null) return;
    this.promptArrived();
    for (const words of this.#waiting.values()) void this.#steer(words);
  }

  /** Goose works on the prompt, or has answered it. */
  promptArrived(): void {
    for (const words of this.#prompted) this.#deliver(words);
    this.#prompted = [];
  }

  /** Goose gave a steered message to the model. */
  steered(steerId: string): void {
    const words = [...this.#waiting.values()].find((each) => each.steerId === steerId);
    if (words === undefined) this.#noteEarly(steerId);
    else this.#deliver(words);
  }

  /** Only words whose steer has no answer yet can be meant. */
  #noteEarly(steerId: string): void {
    const isExpected = [...this.#waiting.values()].some((words) => words.steerId === undefined);
    if (isExpected && this.#early.size < maxEarly) this.#early.add(steerId);
  }

  async #steer(words: Waiting): Promise<void> {
    const runId = this.#runId;
    if (runId === undefined || !this.#canSteer) return;
    try {
      const steerId = await this.#ports.steer(runId, words.text);
      words.steerId = steerId;
      if (this.#early.delete(steerId) && this.#waiting.has(words.id)) this.#deliver(words);
    } catch (thrown) {
      // Another Goose, a turn that has just ended: the words wait for their own prompt.
      if (thrown instanceof RequestError && thrown.code === methodNotFound) this.#canSteer = false;
    }
  }

  #deliver({ id, text }: Words): void {
    this.#waiting.delete(id);
    if (this.#delivered.has(id)) return;
    this.#delivered.add(id);
    this.#ports.onDelivered({ id, text });
  }
}
