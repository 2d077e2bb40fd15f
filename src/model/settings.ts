import { budgetProblem, type Budget } from "./budget.ts";
import { settingNames } from "./identifiers.ts";
import type { JsonObject, JsonValue } from "../base/json.ts";
import { maxProviderValue, modelNamePattern, providerKeyPattern, type ProviderChoice } from "./provider.ts";
import { approvalModes, type ApprovalMode } from "./permission.ts";

/** Where handlers run: in worker threads, or in this thread through the same path. */
export type PoolMode = "thread" | "inline";

/** How the engine works; read anew at every use, so that a change of a setting needs no reload. */
export interface EngineSettings {
  readonly goosePath?: string;
  /** Absent: Goose is used as the user configured it. */
  readonly provider?: ProviderChoice;
  /** Tasks at once (paused ones do not count), 1 to 16. */
  readonly poolSize: number;
  readonly poolMode: PoolMode;
  /** Absolute paths of modules that register further handlers in the workers. */
  readonly poolModules: readonly string[];
  /** Start of every branch name, for instance "tm/". */
  readonly branchPrefix: string;
  /** Identity for commits, "Name <address>", where git's own configuration has none. */
  readonly gitAuthor?: string;
  /** Remote to which finished branches are pushed; absent: nothing is pushed. */
  readonly pushRemote?: string;
  readonly maxAttempts: number;
  readonly maxTurns: number;
  readonly wallClockMinutes: number;
  readonly idleMinutes: number;
  /** A run that is silent for so long needs attention. */
  readonly stallMinutes: number;
  /** Limits of each task that has none of its own, of each local day, and of the queue. */
  readonly budgetTask: Budget;
  readonly budgetDay: Budget;
  readonly budgetQueue: Budget;
  /** What becomes of a run that reaches one of them. */
  readonly budgetReached: "pause" | "stop";
  readonly gracefulShutdownMsTimeout: number;
  /** What becomes of a task whose process went away (a crash, a kill): it waits for the user, or goes on by itself. */
  readonly afterInterruption: "pause" | "resume";
  /** How many days after its end a task keeps its whole journal; 0: for ever. */
  readonly retentionDays: number;
  /** What Goose may do without a question. */
  readonly approvalsMode: ApprovalMode;
  /** A question that nobody answers for so long is answered with no; 0: it waits. */
  readonly approvalsTimeoutMinutes: number;
}

/** What holds where nothing is set. */
export const defaultSettings: EngineSettings = {
  poolSize: 2,
  poolMode: "thread",
  poolModules: [],
  branchPrefix: "tm/",
  maxAttempts: 3,
  maxTurns: 100,
  wallClockMinutes: 60,
  idleMinutes: 10,
  stallMinutes: 5,
  budgetTask: {},
  budgetDay: {},
  budgetQueue: {},
  budgetReached: "pause",
  gracefulShutdownMsTimeout: 4_000,
  afterInterruption: "pause",
  retentionDays: 30,
  approvalsMode: "autonomous",
  approvalsTimeoutMinutes: 0,
};

/** The remotes that branches can be pushed to: nothing that git could take for an option, a path or a URL. */
export const remoteNamePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** An author as git writes one. */
export const authorPattern = /^([^<>\n]+?) <([^<>\s]+@[^<>\s]+)>$/;

type Check = (value: JsonValue) => string | undefined;

const text: Check = (value) => (typeof value === "string" ? undefined : "must be a text");
const wholeNumber =
  ([low, high]: readonly [low: number, high: number]): Check =>
  (value) =>
    typeof value === "number" && Number.isInteger(value) && value >= low && value <= high ? undefined : `must be a whole number from ${low} to ${high}`;
/** The least and the greatest value of the settings that are whole numbers. */
export const numberRanges = {
  poolSize: [1, 16],
  maxAttempts: [1, 20],
  maxTurns: [1, 10_000],
  wallClockMinutes: [1, 1_440],
  idleMinutes: [1, 1_440],
  stallMinutes: [1, 1_440],
  gracefulShutdownMsTimeout: [0, 60_000],
  retentionDays: [0, 3_650],
  approvalsTimeoutMinutes: [0, 10_080],
} as const satisfies { readonly [K in keyof EngineSettings]?: readonly [low: number, high: number] };

const texts: Check = (value) => (Array.isArray(value) && value.every((item) => typeof item === "string") ? undefined : "must be a list of texts");

const provider: Check = (value) => {
  const fits =
    isObject(value) &&
    [value["id"], value["model"]].every((name) => typeof name === "string" && modelNamePattern.test(name)) &&
    isObject(value["config"]) &&
    Object.entries(value["config"]).every(([key, text]) => providerKeyPattern.test(key) && typeof text === "string" && text.length <= maxProviderValue);
  return fits ? undefined : 'must have "id" and "model", and in "config" texts by the names that Goose knows; the command "Set Up Provider" writes it';
};

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const budget: Check = (value) => (isObject(value) ? budgetProblem(value) : `must be limits by name, like { "costUsd": 2 }`);

const checks: { readonly [K in keyof Required<EngineSettings>]: Check } = {
  goosePath: text,
  provider,
  poolSize: wholeNumber(numberRanges.poolSize),
  poolMode: (value) => (value === "thread" || value === "inline" ? undefined : 'must be "thread" or "inline"'),
  poolModules: texts,
  branchPrefix: (value) =>
    typeof value === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]{0,40}\/?$/.test(value) && !value.includes("..")
      ? undefined
      : "must begin with a letter or digit and hold only letters, digits, '.', '_', '-' and at most one '/' at the end",
  gitAuthor: (value) =>
    typeof value === "string" && authorPattern.test(value) ? undefined : "must be a name and an address, like: Jane Doe <jane@example.com>",
  pushRemote: (value) =>
    typeof value === "string" && remoteNamePattern.test(value)
      ? undefined
      : "must be the name of a remote: begin with a letter or digit and hold only letters, digits, '.', '_' and '-'",
  maxAttempts: wholeNumber(numberRanges.maxAttempts),
  maxTurns: wholeNumber(numberRanges.maxTurns),
  wallClockMinutes: wholeNumber(numberRanges.wallClockMinutes),
  idleMinutes: wholeNumber(numberRanges.idleMinutes),
  stallMinutes: wholeNumber(numberRanges.stallMinutes),
  budgetTask: budget,
  budgetDay: budget,
  budgetQueue: budget,
  budgetReached: (value) => (value === "pause" || value === "stop" ? undefined : 'must be "pause" or "stop"'),
  gracefulShutdownMsTimeout: wholeNumber(numberRanges.gracefulShutdownMsTimeout),
  afterInterruption: (value) => (value === "pause" || value === "resume" ? undefined : 'must be "pause" or "resume"'),
  retentionDays: wholeNumber(numberRanges.retentionDays),
  approvalsMode: (value) => (approvalModes.some((mode) => mode === value) ? undefined : `must be one of ${approvalModes.join(", ")}`),
  approvalsTimeoutMinutes: wholeNumber(numberRanges.approvalsTimeoutMinutes),
};

/** The names by which users know the settings. */
const shownNames: ReadonlyMap<string, string> = new Map(Object.entries(settingNames).map(([shown, name]) => [name, shown]));

function isUnset(value: JsonValue | undefined): value is undefined | null {
  return value === undefined || value === null || value === "" || (isObject(value) && Object.keys(value).length === 0);
}

/** Reads settings by the names of EngineSettings; what is malformed keeps its default and is named in `problems`. */
export function parseSettings(raw: JsonObject): { readonly settings: EngineSettings; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const good: Record<string, JsonValue> = {};
  for (const [name, check] of Object.entries(checks)) {
    const value = raw[name];
    if (isUnset(value)) continue;
    const problem = check(value);
    if (problem === undefined) good[name] = value;
    else problems.push(`${shownNames.get(name) ?? name} ${problem}; the default is used instead.`);
  }
  return { settings: { ...defaultSettings, ...good }, problems };
}
