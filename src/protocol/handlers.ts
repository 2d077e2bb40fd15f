/** What the built-in handlers take and give: the contract between whoever invokes them and src/worker/handlers. */
import * as v from "valibot";
import { maxProviderValue, modelNamePattern, providerKeyPattern } from "../model/provider.ts";
import { maxSaid } from "../model/runWish.ts";
import { remoteNamePattern } from "../model/settings.ts";
import { maxSessionId } from "./hostWorker.ts";

const path = v.pipe(v.string(), v.minLength(1), v.maxLength(4_096));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const amount = v.pipe(v.number(), v.minValue(0));
const durationMs = v.pipe(v.number(), v.minValue(0));

/** How to find Goose; without `path` the usual places are searched (GOOSE_BINARY, PATH, ~/.local/bin, Homebrew). */
export const gooseLocationSchema = v.object({ path: v.exactOptional(path) });
export type GooseLocation = v.InferOutput<typeof gooseLocationSchema>;

/** Names a run so that its processes are found again: the task's id and the token of the lease. */
const runName = v.pipe(v.string(), v.regex(/^[0-9a-z]+(-[0-9]+)?$/));

export const workspaceSchema = v.object({
  repository: path,
  worktree: path,
  branch: v.string(),
  baseSha: v.string(),
  startSha: v.string(),
  /** The interrupted attempt's worktree was gone: this is a new one. */
  isRemade: v.exactOptional(v.boolean()),
});

/** Identity for commits; absent fields come from git's own configuration. */
export const commitIdentitySchema = v.object({ name: v.exactOptional(v.string()), email: v.exactOptional(v.string()) });

/** As providers name themselves and their models; goes into the environment of Goose. */
const modelName = v.pipe(v.string(), v.regex(modelNamePattern));

const providerValues = v.record(v.pipe(v.string(), v.regex(providerKeyPattern)), v.pipe(v.string(), v.maxLength(maxProviderValue)));

/** A Goose that knows nothing of the user's own configuration (worker/goose/managedRoot.ts). `secrets` are never logged or stored. */
export const managedGooseSchema = v.object({
  /** Where its sessions lie. */
  dataDirectory: path,
  provider: modelName,
  model: modelName,
  config: providerValues,
  secrets: providerValues,
});
export type ManagedGoose = v.InferOutput<typeof managedGooseSchema>;

/** `goose.check`: finds the binary and shakes hands by ACP; with `provider`, also opens a session in `cwd` to see that a provider and a model are configured. */
export const gooseCheckInput = v.object({
  goose: gooseLocationSchema,
  provider: v.boolean(),
  cwd: path,
  managed: v.exactOptional(managedGooseSchema),
});
export const gooseCheckOutput = v.object({ path, version: v.string() });

/** `goose.providers`: which providers this Goose can be set up with. */
export const gooseProvidersInput = v.object({ goose: gooseLocationSchema, cwd: path });
export const gooseProvidersOutput = v.object({
  providers: v.array(
    v.object({
      id: modelName,
      name: v.string(),
      description: v.string(),
      defaultModel: v.exactOptional(modelName),
      models: v.array(modelName),
      keys: v.array(v.object({ name: v.string(), isMain: v.boolean(), isSecret: v.boolean(), default: v.exactOptional(v.string()) })),
    }),
  ),
});

/** `goose.run`: one prompt turn of one ACP session in a worktree. With `sessionId` the stored session is continued. */
export const gooseRunInput = v.object({
  run: runName,
  goose: gooseLocationSchema,
  worktree: path,
  /** A private folder for Goose's temporary files; deleted afterwards. */
  tmpDir: path,
  prompt: v.pipe(v.string(), v.minLength(1)),
  /** The user's words that the prompt holds: Goose has them when it begins with the prompt. */
  said: v.exactOptional(v.array(v.object({ id: v.pipe(v.string(), v.minLength(1), v.maxLength(200)), text: v.pipe(v.string(), v.maxLength(maxSaid)) }))),
  sessionId: v.exactOptional(v.string()),
  managed: v.exactOptional(managedGooseSchema),
  /** What the attempt has used so far, and its offset to the totals of `sessionId` where the attempt had that session already. */
  usage: v.exactOptional(
    v.object({
      used: v.object({
        inputTokens: amount,
        outputTokens: amount,
        costUsd: v.exactOptional(amount),
        turns: v.exactOptional(amount),
        activeMs: v.exactOptional(amount),
      }),
      offset: v.exactOptional(v.object({ inputTokens: v.number(), outputTokens: v.number(), costUsd: v.number() })),
    }),
  ),
  /** Instead of those that Goose is configured with. */
  provider: v.exactOptional(modelName),
  model: v.exactOptional(modelName),
  limits: v.object({
    maxTurns: count,
    /** Whole run, time in pause not counted. */
    wallClockMs: durationMs,
    /** From spawn to the session's id. */
    startupMs: durationMs,
    /** No sign of life from Goose (no event, no tool running) for so long ends the run. */
    idleMs: durationMs,
  }),
});
export type GooseRunInput = v.InferOutput<typeof gooseRunInput>;
export type UsageBefore = NonNullable<GooseRunInput["usage"]>;
export const gooseRunOutput = v.object({ sessionId: v.pipe(v.string(), v.maxLength(maxSessionId)), finalMessage: v.string() });
export type GooseRunOutput = v.InferOutput<typeof gooseRunOutput>;

/** `demo.run`: a run as people see it, without Goose and without a model; writes one file of the worktree. */
export const demoRunInput = v.object({ worktree: path, title: v.string(), paceMs: durationMs });

/** `git.inspect`: is this a repository that work can start in? Throws the code that says why not. */
export const gitInspectInput = v.object({ directory: path, identity: commitIdentitySchema });
export const gitInspectOutput = v.object({
  /** Top of the checkout. */
  root: path,
  commonDir: path,
  head: v.string(),
  /** Absent when HEAD is detached. */
  branch: v.exactOptional(v.string()),
  gitVersion: v.string(),
});

/** Token of the lease under which a git handler works: in a worktree that a later lease has taken over it changes nothing (STALE_LEASE). */
const token = v.pipe(v.number(), v.integer(), v.minValue(1));

/** `git.prepare`: the branch and the worktree of an attempt. */
export const gitPrepareInput = v.object({
  token,
  attempt: count,
  directory: path,
  /** Where the worktree is to be; must not exist, unless it is the one of `continues`. */
  worktree: path,
  /** Wanted branch, for instance tm/1234; a suffix is added when another task has it. */
  branch: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/)),
  /** Branches whose work is all to be there; none means HEAD. */
  baseBranches: v.array(v.string()),
  identity: commitIdentitySchema,
  taskId: v.string(),
  /** The task's branch from an earlier attempt: reused when it still exists. */
  ownBranch: v.exactOptional(v.string()),
  /** The newest commit of the task's that is recorded: where its branch is made again when that is gone. */
  ownHead: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{40,64}$/))),
  /** The place of an interrupted attempt: kept as it is when it is still whole. */
  continues: v.exactOptional(workspaceSchema),
});

/** `git.changes`: paths changed since the attempt began, committed or not. */
export const gitChangesInput = v.object({ workspace: workspaceSchema });
export const gitChangesOutput = v.object({ files: v.array(v.string()) });

/** `git.commit`: everything in the worktree as one commit with the trailer `Task-Master-Id: <taskId>/<attempt>`; idempotent by that trailer. */
export const gitCommitInput = v.object({
  token,
  workspace: workspaceSchema,
  subject: v.pipe(v.string(), v.minLength(1)),
  body: v.string(),
  taskId: v.string(),
  attempt: count,
  identity: commitIdentitySchema,
});
export const gitCommitOutput = v.object({ commits: v.array(v.string()), files: v.array(v.string()) });

/**
 * `git.push`: the branch of a finished attempt to a remote of the repository, never by force. What keeps it from there (no such
 * remote, no network, a refusal) is an answer; `reason` says it in a line.
 */
export const gitPushInput = v.object({ run: runName, workspace: workspaceSchema, remote: v.pipe(v.string(), v.regex(remoteNamePattern)) });
export const gitPushOutput = v.union([v.object({ pushed: v.literal(true) }), v.object({ pushed: v.literal(false), reason: v.string() })]);

/** `git.chain`: how the branches that begin with the prefix build on each other. `expected`: branches that should be there. */
export const gitChainInput = v.object({
  directory: path,
  prefix: v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,200}$/)),
  expected: v.array(v.string()),
});
export const gitChainOutput = v.object({
  /** Nothing diverges, nothing is missing. */
  isValid: v.boolean(),
  branches: v.array(
    v.object({
      branch: v.string(),
      head: v.string(),
      /** The task whose commit is at its head. */
      taskId: v.exactOptional(v.string()),
      /** The task branches that it was started from; none: from the user's own history. */
      startsFrom: v.array(v.string()),
      /** How many commits are its own. */
      commits: count,
    }),
  ),
  /** From the one that starts from the user's history to one that nothing builds on. */
  chains: v.array(v.array(v.string())),
  /** Two branches that share work of a task and then went different ways, and the last commit that they share. */
  divergences: v.array(v.object({ branches: v.tuple([v.string(), v.string()]), at: v.string() })),
  /** Expected branches that are not there, and tasks whose work is built on while their branch is gone. */
  missing: v.array(v.object({ branch: v.exactOptional(v.string()), taskId: v.exactOptional(v.string()), neededBy: v.array(v.string()) })),
});

/** `git.dump`: the repository's state for a bug report, each list bounded; no contents, no credentials. */
export const gitDumpInput = v.object({ directory: path, label: v.pipe(v.string(), v.maxLength(200)) });
export const gitDumpOutput = v.object({
  label: v.string(),
  gitVersion: v.string(),
  root: path,
  head: v.exactOptional(v.string()),
  branch: v.exactOptional(v.string()),
  /** "commit ref" */
  branches: v.array(v.string()),
  /** "commit ref": unfinished work that was saved. */
  kept: v.array(v.string()),
  worktrees: v.array(v.string()),
  status: v.array(v.string()),
  /** "name url (use)" */
  remotes: v.array(v.string()),
});

/**
 * `git.cleanup`: removes the worktree. Unfinished work is saved first: as a commit on the branch (`keep: "branch"`), or, with all that
 * was committed since the attempt began, under `refs/task-master/unfinished/<taskId>/<attempt>` (with -2, -3 ... where one of that
 * name holds other work); then the branch goes back to where the attempt began. A branch without any commit of its own is removed.
 */
export const gitCleanupInput = v.object({
  token,
  workspace: workspaceSchema,
  taskId: v.string(),
  attempt: count,
  title: v.string(),
  keep: v.picklist(["branch", "ref"]),
  identity: commitIdentitySchema,
});
export const gitCleanupOutput = v.object({
  /** Branch or ref that holds uncommitted work which was saved; absent when there was none. */
  savedAs: v.exactOptional(v.string()),
});

/**
 * `run.reap`: ends what is left of a run whose process is gone: by the name in its mark, and by standing in the folders
 * (see worker/process/strays.ts). `since`: when the run began at the earliest, in ticks since the start of the machine; 0 when not known.
 */
export const runReapInput = v.object({ run: runName, since: v.pipe(v.number(), v.minValue(0)), folders: v.array(path) });
export const runReapOutput = v.object({ ended: count });

/** `verify.run`: acceptance commands, one after the other in the worktree, through the shell that Goose's commands use. */
export const verifyRunInput = v.object({ run: runName, worktree: path, tmpDir: path, commands: v.array(v.string()), timeoutMs: durationMs });
export const verifyRunOutput = v.object({
  results: v.array(v.object({ command: v.string(), exitCode: v.number(), outputTail: v.string(), timedOut: v.boolean() })),
});

/** `queue.check`: reads every page of a queue's database. */
export const queueCheckInput = v.object({ database: path });
export const queueCheckOutput = v.object({
  /** What is damaged; absent when nothing is. */
  damage: v.exactOptional(v.string()),
});

/**
 * `queue.backup`: a checked copy of a queue's database in `backups/` beside it, of which the newest few are kept. Nothing is done when the
 * newest one is younger than `minAgeMs`, or has everything.
 */
export const queueBackupInput = v.object({ database: path, uuid: v.string(), minAgeMs: durationMs, keep: v.pipe(count, v.minValue(1)) });
export const queueBackupOutput = v.object({
  /** The backup that was made; absent when none was needed. */
  made: v.exactOptional(v.object({ path, size: count })),
});

/** Names, inputs and outputs of the built-in handlers. */
export const handlerContracts = {
  "demo.run": { input: demoRunInput, output: gooseRunOutput },
  "goose.check": { input: gooseCheckInput, output: gooseCheckOutput },
  "goose.providers": { input: gooseProvidersInput, output: gooseProvidersOutput },
  "goose.run": { input: gooseRunInput, output: gooseRunOutput },
  "git.inspect": { input: gitInspectInput, output: gitInspectOutput },
  "git.prepare": { input: gitPrepareInput, output: workspaceSchema },
  "git.changes": { input: gitChangesInput, output: gitChangesOutput },
  "git.commit": { input: gitCommitInput, output: gitCommitOutput },
  "git.push": { input: gitPushInput, output: gitPushOutput },
  "git.chain": { input: gitChainInput, output: gitChainOutput },
  "git.dump": { input: gitDumpInput, output: gitDumpOutput },
  "git.cleanup": { input: gitCleanupInput, output: gitCleanupOutput },
  "run.reap": { input: runReapInput, output: runReapOutput },
  "queue.check": { input: queueCheckInput, output: queueCheckOutput },
  "queue.backup": { input: queueBackupInput, output: queueBackupOutput },
  "verify.run": { input: verifyRunInput, output: verifyRunOutput },
} as const;
export type BuiltInHandler = keyof typeof handlerContracts;
export type HandlerInput<H extends BuiltInHandler> = v.InferOutput<(typeof handlerContracts)[H]["input"]>;
export type HandlerOutput<H extends BuiltInHandler> = v.InferOutput<(typeof handlerContracts)[H]["output"]>;
