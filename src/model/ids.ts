/** Identifies a task within its queue: eight characters of Crockford's base 32, lower case. */
export type TaskId = string & { readonly __brand: "TaskId" };

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
const idLength = 8;

/** Reads a task id typed by a person or stored in the database; undefined when it cannot be one. */
export function parseTaskId(text: string): TaskId | undefined {
  return /^[0-9a-hjkmnp-tv-z]{8}$/.test(text) ? (text as TaskId) : undefined;
}

/** Makes a task id from a source of randomness in [0, 1). */
export function makeTaskId(random: () => number): TaskId {
  let id = "";
  for (let i = 0; i < idLength; i++) id += alphabet.charAt(Math.floor(random() * alphabet.length));
  return id as TaskId;
}
