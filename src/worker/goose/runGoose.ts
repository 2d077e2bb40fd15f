import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { abortable } from "../../base/abort.ts";
import { TaskMasterError, toTaskMasterError } from "../../model/errors.ts";
import type { WorkerEventBody } from "../../model/taskEvent.ts";
import type { KnownProvider } from "../../model/provider.ts";
import { asOneText } from "../../model/userMessage.ts";
import type { GooseLocation, GooseRunInput, GooseRunOutput, HandlerInput } from "../../protocol/handlers.ts";
import type { HandlerContext } from "../handlerRegistry.ts";
import { secretsIn } from "../../model/secrets.ts";
import { gooseEnvironment, managedGooseEnvironment, markerName, shellEnvironment } from "../process/environment.ts";
import { makePrivateFolder } from "../process/makeFolder.ts";
import { killMarked, newMarker } from "../process/marker.ts";
import { Redaction } from "../process/redaction.ts";
import { redactEvent } from "../redactEvent.ts";
import { ActiveTime } from "./activeTime.ts";
import { EventBuffer } from "./eventBuffer.ts";
import { GooseSession } from "./gooseSession.ts";
import { OpenQuestions } from "./openQuestions.ts";
import { locateGoose } from "./locateGoose.ts";
import { makeManagedRoot, type ManagedRoot, type ManagedRootOptions } from "./managedRoot.ts";
import { disabledProjectPlugins } from "./plugins.ts";
import { parseProviders } from "./providers.ts";

/** Goose's own limit for one request to a provider is 600 s, and it tries four times. */
const providerTimeoutSeconds = "120";

/** How often a run that is silent tells how long it works: budgets of time rest on it. */
const tellTimeMs = 30_000;

const checkStartupMs = 30_000;

/** One prompt turn of one session in a worktree (handler `goose.run`). Leaves no process and no temporary file behind. */
export async function runGoose(input: GooseRunInput, context: HandlerContext): Promise<GooseRunOutput> {
  const end = new AbortController();
  const onAbort = (): void => end.abort(context.signal.reason);
  context.signal.addEventListener("abort", onAbort, { once: true });
  if (context.signal.aborted) onAbort();
  try {
    const options = {
      run: input.run,
      goose: input.goose,
      cwd: input.worktree,
      ownsFolder: true,
      tmpDir: input.tmpDir,
      maxTurns: input.limits.maxTurns,
      managed: input.managed,
      chosen: chosenModel(input),
    };
    const output = await withPlace(options, (place) => turn(input, context, { place, end }));
    // A task that finishes while it is paused stays where it is until somebody lets it go on.
    await context.gate();
    return output;
  } finally {
    context.signal.removeEventListener("abort", onAbort);
  }
}

/** Finds Goose and shakes hands (handler `goose.check`); with `provider` also sees whether it knows a provider and a model. */
export async function checkGoose(input: HandlerInput<"goose.check">, context: HandlerContext): Promise<{ path: string; version: string }> {
  return withBriefSession(input, context, async (session, place) => {
    const version = await session.initialize();
    if (!input.provider) return { path: place.binary, version };
    const opened = await place.withSecrets(() => session.newSession());
    try {
      await session.assertConfigured(opened);
      return { path: place.binary, version };
    } finally {
      await session.forget();
    }
  });
}

/** Asks Goose which providers it knows (handler `goose.providers`); its own configuration, which may be broken, takes no part. */
export async function listProviders(input: HandlerInput<"goose.providers">, context: HandlerContext): Promise<{ providers: readonly KnownProvider[] }> {
  const dataDirectory = await mkdtemp(path.join(tmpdir(), "task-master-goose-data-"));
  try {
    return await withBriefSession({ ...input, managed: { dataDirectory, config: {}, secrets: {} } }, context, async (session) => {
      await session.initialize();
      return { providers: parseProviders(await session.providers()) };
    });
  } finally {
    await rm(dataDirectory, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

interface BriefOptions {
  readonly goose: GooseLocation;
  readonly cwd: string;
  readonly managed?: ManagedRootOptions;
}

/** A Goose that is only asked something: no prompt, and the folder is the user's. */
async function withBriefSession<T>(options: BriefOptions, context: HandlerContext, ask: (session: GooseSession, place: Place) => Promise<T>): Promise<T> {
  const tmpDir = await mkdtemp(path.join(tmpdir(), "task-master-goose-"));
  return withPlace({ run: "check", ...options, ownsFolder: false, tmpDir, maxTurns: 1 }, async (place) => {
    context.signal.throwIfAborted();
    const session = new GooseSession({
      ...place,
      end: context.signal,
      gate: () => context.gate(),
      permit: (request) => context.permit(request),
      emit: () => undefined,
      onSignOfLife: () => undefined,
    });
    try {
      return await startWithin(session, { ms: checkStartupMs, end: context.signal }, () => ask(session, place));
    } catch (error) {
      throw redacted(error, place.redaction.text);
    } finally {
      await session.close();
    }
  });
}

interface Place {
  readonly binary: string;
  readonly worktree: string;
  readonly gooseEnv: Record<string, string>;
  readonly shellEnv: Record<string, string>;
  readonly redaction: Redaction;
  /** Does what lets Goose read the secrets of a managed configuration. */
  readonly withSecrets: ManagedRoot["withSecrets"];
}

interface PlaceOptions {
  /** Name of the run, for its mark. */
  readonly run: string;
  readonly goose: GooseLocation;
  readonly cwd: string;
  /** Whether the folder is the task's worktree; otherwise it is the user's. */
  readonly ownsFolder: boolean;
  readonly tmpDir: string;
  readonly maxTurns: number;
  readonly managed?: ManagedRootOptions | undefined;
  /** Goose's variables for provider and model, when they are chosen for this run. */
  readonly chosen?: Readonly<Record<string, string>>;
}

function chosenModel({ provider, model }: GooseRunInput): Record<string, string> {
  return { ...(provider === undefined ? {} : { GOOSE_PROVIDER: provider }), ...(model === undefined ? {} : { GOOSE_MODEL: model }) };
}

/** Everything around the process: program, environments, temporary folder; and the sweep afterwards. */
async function withPlace<T>({ run, goose, cwd, ownsFolder, tmpDir, maxTurns, managed, chosen }: PlaceOptions, work: (place: Place) => Promise<T>): Promise<T> {
  const mark = newMarker(run);
  const ownFolders: string[] = [];
  try {
    const worktree = await realpath(cwd).catch(() => {
      throw new TaskMasterError("NO_FOLDER", `The folder ${cwd} does not exist.`);
    });
    const binary = await locateGoose({ setting: goose.path, env: process.env, workspace: worktree });
    // The folder is deleted afterwards.
    if (!path.relative(tmpDir, worktree).startsWith(".."))
      throw new TaskMasterError("INVALID_INPUT", `The temporary folder ${tmpDir} must not contain the worktree.`);
    await makePrivateFolder(tmpDir);
    ownFolders.push(...(ownsFolder ? [worktree] : []), await realpath(tmpDir));
    const own = { TMPDIR: tmpDir, ...(process.platform === "win32" ? { TMP: tmpDir, TEMP: tmpDir } : {}), [markerName]: mark.value };
    const plugins = await disabledProjectPlugins(worktree);
    const root = managed === undefined ? undefined : await makeManagedRoot(tmpDir, managed);
    const gooseEnv: Record<string, string> = {
      OPENAI_TIMEOUT: providerTimeoutSeconds,
      ...(root === undefined ? gooseEnvironment(process.env) : { ...managedGooseEnvironment(process.env), ...root.env }),
      ...chosen,
      ...own,
      // Every tool call has to ask us; we hold it while the task is paused.
      GOOSE_MODE: "approve",
      GOOSE_DISABLE_SESSION_NAMING: "true",
      GOOSE_TELEMETRY_ENABLED: "false",
      ...(maxTurns > 0 ? { GOOSE_MAX_TURNS: String(maxTurns) } : {}),
      ...(plugins === undefined ? {} : { PLUGINS: plugins }),
    };
    const withSecrets: Place["withSecrets"] = root?.withSecrets ?? ((read) => read());
    // Also those that Goose does not get: a command can read them in the environment of another process of the same user.
    const redaction = new Redaction([...secretsIn(process.env), ...secretsIn(gooseEnv), ...Object.values(managed?.secrets ?? {})]);
    return await work({ binary, worktree, gooseEnv, shellEnv: { ...shellEnvironment(process.env), ...own }, redaction, withSecrets });
  } finally {
    await killMarked(mark, ownFolders);
    await rm(tmpDir, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

async function turn(
  input: GooseRunInput,
  context: HandlerContext,
  { place, end }: { readonly place: Place; readonly end: AbortController },
): Promise<GooseRunOutput> {
  end.signal.throwIfAborted();
  const { wallClockMs, idleMs, startupMs } = input.limits;
  const buffer = new EventBuffer((event) => context.emit(redactEvent(event, place.redaction)), place.redaction.openEnd);
  let isOver = false;
  const emit = (event: WorkerEventBody): void => {
    if (!isOver) buffer.add(event);
  };
  const questions = new OpenQuestions(context);
  const time = new ActiveTime({
    wallClockMs,
    idleMs,
    isPaused: () => context.isPaused || questions.areOpen,
    isBusy: () => session.recorder.tools.hasOpen,
    onTimeout: (error) => end.abort(error),
  });
  const session: GooseSession = new GooseSession({
    ...place,
    end: end.signal,
    gate: () => context.gate(),
    permit: (request) => questions.ask(request).finally(() => time.touch()),
    emit,
    room: () => context.room(),
    onSignOfLife: () => time.touch(),
    workedMs: () => time.activeMs,
    ...(input.usage === undefined ? {} : { usage: input.usage }),
  });
  const clock = setInterval(() => session.recorder.tick(), tellTimeMs);
  let closeCallsAs: "cancelled" | "failed" = "failed";
  try {
    const sessionId = await startWithin(session, { ms: startupMs, end: end.signal }, async () => {
      await session.initialize();
      return place.withSecrets(() => session.open(input.sessionId));
    });
    const { offset } = session.recorder.usage;
    emit({ type: "checkpoint", step: "session", data: { sessionId, ...(offset === undefined ? {} : { usageOffset: { ...offset } }) } });
    context.onWish((wish) => session.tell(wish));
    const finalMessage = await session.prompt(input.prompt, input.said);
    const last = await tellTheRest(session, finalMessage, () => abortable(context.gate(), end.signal));
    return { sessionId, finalMessage: place.redaction.text(last) };
  } catch (error) {
    if (context.signal.aborted) closeCallsAs = "cancelled";
    throw redacted(error, place.redaction.text);
  } finally {
    clearInterval(clock);
    time.dispose();
    await session.close();
    session.recorder.tick();
    session.recorder.tools.closeOpen(closeCallsAs);
    logDropped(session, emit);
    buffer.flush();
    isOver = true;
  }
}

/** What the user said and Goose did not take up in its turn is a turn of its own. Gives the last message of all. */
async function tellTheRest(session: GooseSession, finalMessage: string, gate: () => Promise<void>): Promise<string> {
  let last = finalMessage;
  while (session.words.waiting.length > 0) {
    await gate();
    const words = session.words.waiting;
    last = await session.prompt(asOneText(words), words);
  }
  return last;
}

/** Runs the start of a conversation; ends it when it takes too long (0: no limit) or the run is over. */
async function startWithin<T>(session: GooseSession, { ms, end }: { readonly ms: number; readonly end: AbortSignal }, start: () => Promise<T>): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const onTimeout = (): void => {
    timeout.reject(session.process.silence(ms));
    // What does not answer will not leave politely either.
    session.process.kill();
  };
  const timer = ms > 0 ? setTimeout(onTimeout, ms) : undefined;
  try {
    return await abortable(Promise.race([start(), timeout.promise]), end);
  } finally {
    clearTimeout(timer);
  }
}

function logDropped(session: GooseSession, emit: (event: WorkerEventBody) => void): void {
  const dropped = session.process.garbageLines + session.recorder.malformed;
  if (dropped > 0) emit({ type: "log", level: "warn", message: `${dropped} lines or updates of Goose did not fit the protocol and were dropped` });
}

function redacted(thrown: unknown, redact: (text: string) => string): TaskMasterError {
  const error = toTaskMasterError(thrown);
  return new TaskMasterError(error.code, redact(error.message), {
    retryable: error.retryable,
    ...(error.retryAt === undefined ? {} : { retryAt: error.retryAt }),
    ...(error.details === undefined ? {} : { details: redact(error.details) }),
  });
}
