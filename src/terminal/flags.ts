/** The verbs of the terminal, in the order in which help lists them. */
export const verbs = [
  "add",
  "list",
  "show",
  "run",
  "pause",
  "resume",
  "stop",
  "cancel",
  "start",
  "retry",
  "say",
  "answer",
  "depends",
  "remove",
  "logs",
  "doctor",
  "help",
] as const;
export type Verb = (typeof verbs)[number];

/** One flag: whether it takes a value, may be repeated, and which verbs know it (all when absent). */
export interface FlagDefinition {
  readonly name: string;
  readonly short?: string;
  /** Name of the value in messages; a flag without it is a switch. */
  readonly value?: string;
  readonly verbs?: readonly Verb[];
}

/** Every flag of the terminal. */
export const flagDefinitions: readonly FlagDefinition[] = [
  { name: "cwd", short: "C", value: "DIR" },
  { name: "json" },
  { name: "data-dir", value: "DIR" },
  { name: "goose", value: "PATH" },
  { name: "color", value: "auto|always|never" },
  { name: "verbose", short: "v" },
  { name: "help", short: "h" },
  { name: "version" },
  { name: "prompt", value: "TEXT", verbs: ["add"] },
  { name: "priority", value: "critical|high|medium|low", verbs: ["add"] },
  { name: "deadline", value: "ISO", verbs: ["add"] },
  { name: "depends", value: "ID", verbs: ["add"] },
  { name: "tag", value: "TAG", verbs: ["add", "run"] },
  { name: "accept", value: "COMMAND", verbs: ["add"] },
  { name: "attempts", value: "N", verbs: ["add"] },
  { name: "budget", value: "LIMITS", verbs: ["add"] },
  { name: "on", value: "ID", verbs: ["depends"] },
  { name: "drop", value: "ID", verbs: ["depends"] },
  { name: "next", verbs: ["run"] },
  { name: "all", verbs: ["run"] },
  { name: "min-priority", value: "critical|high|medium|low", verbs: ["run"] },
  { name: "max-priority", value: "critical|high|medium|low", verbs: ["run"] },
  { name: "concurrency", value: "N", verbs: ["run"] },
  { name: "max-turns", value: "N", verbs: ["run", "resume"] },
  { name: "max-minutes", value: "N", verbs: ["run", "resume"] },
  { name: "idle-minutes", value: "N", verbs: ["run", "resume"] },
  { name: "push", value: "REMOTE", verbs: ["run", "resume"] },
  { name: "approvals", value: "autonomous|ask-writes|ask-all|read-only", verbs: ["run", "resume"] },
  { name: "answer-minutes", value: "N", verbs: ["run", "resume"] },
  { name: "note", value: "TEXT", verbs: ["answer"] },
  { name: "queue", verbs: ["resume"] },
  { name: "follow", short: "f", verbs: ["logs"] },
];
