import { commands } from "vscode";
import { contextKeys } from "../model/identifiers.ts";

const current = new Map<string, unknown>();

/** Sets a context key for menus and welcome views; an unchanged value costs nothing. */
export function setContextKey(key: keyof typeof contextKeys, value: string | boolean): void {
  if (current.get(key) === value) return;
  current.set(key, value);
  void commands.executeCommand("setContext", contextKeys[key], value);
}
