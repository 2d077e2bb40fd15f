import { workspace } from "vscode";
import type { Disposable } from "../base/event.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { settingNames } from "../model/identifiers.ts";

/** Reads settings into the engine's form and names what is malformed. */
export type ParseSettings<T> = (raw: JsonObject) => { readonly settings: T; readonly problems: readonly string[] };

/** The user's settings by the names that the engine knows; an unset one has the manifest's default. */
export function readRawSettings(): JsonObject {
  const configuration = workspace.getConfiguration();
  const raw: Record<string, JsonValue | undefined> = {};
  for (const [id, name] of Object.entries(settingNames)) raw[name] = plain(configuration.get<JsonValue>(id));
  return raw;
}

/** VS Code wraps objects, so that they cannot be sent to a worker. */
function plain(value: JsonValue | undefined): JsonValue | undefined {
  return typeof value === "object" && value !== null ? (JSON.parse(JSON.stringify(value)) as JsonValue) : value;
}

/** Settings that follow the user's changes without a reload. */
export class SettingsSource<T> implements Disposable {
  readonly #parse: ParseSettings<T>;
  readonly #onProblems: (problems: readonly string[]) => void;
  readonly #subscription: Disposable;
  #settings: T | undefined;

  /** `onProblems` hears of malformed settings once per change of them. */
  constructor(parse: ParseSettings<T>, onProblems: (problems: readonly string[]) => void) {
    this.#parse = parse;
    this.#onProblems = onProblems;
    this.#subscription = workspace.onDidChangeConfiguration((change) => {
      if (!change.affectsConfiguration("taskMaster")) return;
      this.#settings = undefined;
      this.current();
    });
    // What is malformed is told now, not in the middle of the work that needs it first.
    this.current();
  }

  readonly current = (): T => {
    if (this.#settings !== undefined) return this.#settings;
    const { settings, problems } = this.#parse(readRawSettings());
    this.#settings = settings;
    if (problems.length > 0) this.#onProblems(problems);
    return settings;
  };

  dispose(): void {
    this.#subscription.dispose();
  }
}
