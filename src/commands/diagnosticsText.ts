import type { QueueStatus } from "../model/queueStatus.ts";
import { minSecretLength, secretsIn } from "../model/secrets.ts";
import { taskStatuses, type Task } from "../model/task.ts";
import type { SetupFinding } from "./commandDeps.ts";

/** How the queue stands. */
export interface QueueFacts {
  readonly tasks: readonly Task[];
  readonly running: number;
  readonly status: QueueStatus;
}

/** What the diagnostics are made of; a text in the place of facts says why there are none. */
export interface DiagnosticsParts {
  readonly versions: Readonly<Record<string, string>>;
  readonly isTrusted: boolean;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly setup: readonly SetupFinding[] | string;
  readonly queue: QueueFacts | string;
  /** Home and user are taken out of every line; values of variables that are named like secrets as well. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What a bug report needs, as Markdown: what is private is left out, not only hidden. */
export function diagnosticsText({ versions, isTrusted, settings, setup, queue, environment }: DiagnosticsParts): string {
  const lines = [
    "## Task Master diagnostics",
    ...Object.entries(versions).map(([name, value]) => `- ${name}: ${value}`),
    `- Workspace trusted: ${isTrusted ? "yes" : "no"}`,
    "",
    "### Set-up",
    ...(typeof setup === "string" ? [setup] : setup.map(({ name, ok, detail }) => `- ${name}: ${ok ? "ok" : "MISSING"}, ${detail}`)),
    "",
    "### Queue",
    ...(typeof queue === "string" ? [queue] : queueLines(queue)),
    "",
    "### Settings",
    ...Object.entries(settings).map(([id, value]) => `- ${id}: ${settingText(id, value)}`),
  ];
  return withoutPrivate(lines.join("\n"), environment);
}

function queueLines({ tasks, running, status }: QueueFacts): readonly string[] {
  const counts = taskStatuses.map((name) => [name, tasks.filter((task) => task.status === name).length] as const).filter(([, count]) => count > 0);
  const codes = tasks.flatMap(({ result }) => result?.error?.code ?? []);
  const failures = [...new Set(codes)].map((code) => `${code} ${codes.filter((other) => other === code).length}`);
  return [
    `- tasks: ${counts.length === 0 ? "none" : counts.map(([name, count]) => `${count} ${name}`).join(", ")}; ${running} running in this window`,
    `- errors of last attempts: ${failures.length === 0 ? "none" : failures.join(", ")}`,
    `- stopped: ${status.stop === undefined ? "no" : "yes"}; agents at a limit: ${status.limits.length}`,
  ];
}

/** Of free texts only whether there is one; of a provider its name and model. */
function settingText(id: string, value: unknown): string {
  if (value === undefined || value === null || value === "") return "(not set)";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (id.endsWith(".provider") && typeof value === "object") return providerText(value);
  if (typeof value === "object") return JSON.stringify(value);
  return isPersonal(id) ? "(set)" : JSON.stringify(value);
}

function providerText(value: object): string {
  const { id, model } = value as { readonly id?: unknown; readonly model?: unknown };
  return typeof id === "string" && typeof model === "string" ? `${id} with ${model}` : "(not set)";
}

function isPersonal(id: string): boolean {
  return id.endsWith(".author");
}

function withoutPrivate(text: string, environment: DiagnosticsParts["environment"]): string {
  const home = environment["HOME"] ?? environment["USERPROFILE"] ?? "";
  const user = environment["USER"] ?? environment["USERNAME"] ?? "";
  const secrets = secretsIn(environment).filter((secret) => secret.length >= minSecretLength);
  let result = secrets.reduce((all, secret) => all.replaceAll(secret, "***"), text);
  if (home.length > 1) result = result.replaceAll(home, "~");
  if (user.length > 2) result = result.replaceAll(new RegExp(`(?<=[/\\\\@])${escaped(user)}(?=[/\\\\@\\s]|$)`, "gm"), "(user)");
  // Addresses may carry credentials.
  return result.replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, "$1***@");
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
