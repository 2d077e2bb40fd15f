import type { JsonValue } from "../../base/json.ts";
import { minSecretLength } from "../../model/secrets.ts";

/** Of a secret in several lines (a private key) each line of this length counts by itself. */
const minLine = 16;

const mark = "***";

/** Hides secrets that are known in texts that people will read, that are stored, or that go back to a model. */
export class Redaction {
  /** The longest first: one may hold another. */
  readonly #secrets: readonly string[];

  constructor(secrets: readonly string[]) {
    const lines = secrets.filter((secret) => secret.includes("\n")).flatMap((secret) => secret.split("\n").filter((line) => line.length >= minLine));
    const all = new Set([...secrets, ...secrets.map((secret) => secret.trim()), ...lines]);
    this.#secrets = [...all].filter((secret) => secret.length >= minSecretLength).sort((a, b) => b.length - a.length);
  }

  readonly text = (text: string): string =>
    this.#secrets.reduce((result, secret) => (result.includes(secret) ? result.replaceAll(secret, mark) : result), text);

  /** Every string in a value, and the names in it. */
  readonly value = (value: JsonValue): JsonValue => {
    if (typeof value === "string") return this.text(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item: JsonValue) => this.value(item));
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [this.text(name), item === undefined ? item : this.value(item)]));
  };

  /** How many characters at the end of a text may be the beginning of a secret: what comes next decides. */
  readonly openEnd = (text: string): number => {
    let longest = 0;
    for (const secret of this.#secrets) {
      for (let length = Math.min(secret.length - 1, text.length); length > longest; length--) {
        if (text.endsWith(secret.slice(0, length))) longest = length;
      }
    }
    return longest;
  };
}
