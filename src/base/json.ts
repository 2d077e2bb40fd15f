/** What crosses a thread, a process or the database: plain JSON. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object; an absent and an undefined property mean the same. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}
