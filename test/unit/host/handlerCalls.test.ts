/** What the host asks of its workers, and what it makes of their answers; the workers are a script of the test. */
import { expect, test } from "vitest";
import type { JsonObject, JsonValue } from "../../../src/base/json.ts";
import { makeTask } from "../../../src/engine/newTask.ts";
import type { LeasedTask, TaskInvocation, WorkerHost, Workspace } from "../../../src/engine/ports.ts";
import { createGitDeps, identityOf } from "../../../src/host/gitDeps.ts";
import { createGooseAgent } from "../../../src/host/gooseAgent.ts";
import { gooseChoice } from "../../../src/host/gooseChoice.ts";
import { callHandler, noTask } from "../../../src/host/invokeHandler.ts";
import { makeOwner, ownerStart } from "../../../src/host/processOwner.ts";
import { createRunReaper } from "../../../src/host/runReaper.ts";
import { checkSetup } from "../../../src/host/setupChecks.ts";
import { TaskMasterError } from "../../../src/model/errors.ts";
import { defaultSettings, type EngineSettings } from "../../../src/model/settings.ts";
import { newAttempt } from "../../contract/taskStoreFixtures.ts";

/** Workers that answer what the test says, and what they were asked. */
function workersThat(answer: (invocation: TaskInvocation) => JsonValue): { workers: WorkerHost; asked: TaskInvocation[] } {
  const asked: TaskInvocation[] = [];
  const workers: WorkerHost = {
    start: () => Promise.resolve(),
    run: (invocation) => {
      asked.push(invocation);
      const result = new Promise<JsonValue>((resolve) => resolve(answer(invocation)));
      return { result, pause: () => undefined, resume: () => undefined, cancel: () => undefined, tell: () => undefined };
    },
    isSilent: () => false,
    stop: () => Promise.resolve(),
  };
  return { workers, asked };
}

const workspace: Workspace = { repository: "/r", worktree: "/w", branch: "tm/1", baseSha: "a", startSha: "a" };
function leasedOf(prompt = "write"): LeasedTask {
  const task = { ...makeTask({ title: "write", prompt }, { now: 1, random: Math.random, repository: "/r", maxAttempts: 3 }), attempts: 1, fence: 4 };
  return { task, attempt: newAttempt(task), token: 4, baseBranches: [] };
}
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const settings =
  (more: Partial<EngineSettings> = {}) =>
  () => ({ ...defaultSettings, ...more });

test("an output that does not fit the contract of its handler is a failure of the worker", async () => {
  const { workers } = workersThat(() => ({ files: "none" }));
  await expect(callHandler(workers, noTask, { handler: "git.changes", input: { workspace: { ...workspace } } })).rejects.toMatchObject({
    code: "WORKER_FAILED",
  });
});

test.each([
  ["both", "Ann Lee <ann@x.invalid>", { name: "Ann Lee", email: "ann@x.invalid" }],
  ["nothing", "", {}],
  ["no address", "Ann", {}],
])("commits have of the settings' author %s", (_what, gitAuthor, identity) => expect(identityOf({ gitAuthor })).toEqual(identity));

test("a commit has the prompt as its body where that says more than the title, up to a bound", async () => {
  const { workers, asked } = workersThat(() => ({ commits: [], files: [] }));
  const git = createGitDeps({ workers, settings: settings({ gitAuthor: "Ann <ann@x.invalid>" }), stateDirectory: "/s", log }, "/r");
  for (const prompt of ["write", "write it all down", "x".repeat(5_000)]) {
    await git.commitAndPush(leasedOf(prompt), workspace, { signal: new AbortController().signal });
  }
  expect(asked.map(({ input }) => input["body"])).toEqual(["", "write it all down", "x".repeat(4_000)]);
  expect(asked[0]).toMatchObject({
    handler: "git.commit",
    attempt: 1,
    input: { token: 4, subject: "write", identity: { name: "Ann", email: "ann@x.invalid" } },
  });
});

test("without a remote nothing is pushed, and no worker is asked", async () => {
  const { workers, asked } = workersThat(() => ({ pushed: true }));
  const options = { signal: new AbortController().signal };
  const git = (more: Partial<EngineSettings>) => createGitDeps({ workers, settings: settings(more), stateDirectory: "/s", log }, "/r");
  expect(await git({}).push(leasedOf(), workspace, options)).toEqual({ pushed: false });
  expect(asked).toEqual([]);
  const leased = leasedOf();
  expect(await git({ pushRemote: "origin" }).push(leased, workspace, options)).toEqual({ pushed: true });
  expect(asked).toMatchObject([{ handler: "git.push", input: { run: `${leased.task.id}-4`, remote: "origin" } }]);
});

test("Goose is searched where no path is set, and has the model that was chosen for it alone", async () => {
  const located = ({ goosePath }: { goosePath?: string }): unknown =>
    gooseChoice({ settings: settings(goosePath === undefined ? {} : { goosePath }), stateDirectory: "/s" });
  expect([{}, { goosePath: "" }, { goosePath: "/g" }].map(located)).toEqual([{ goose: {} }, { goose: {} }, { goose: { path: "/g" } }]);
  const { workers, asked } = workersThat(() => ({ sessionId: "s", finalMessage: "done" }));
  const leased = leasedOf();
  for (const choice of [{}, { provider: "openai" }, { model: "m" }]) {
    const agent = createGooseAgent({ workers, settings: settings({ idleMinutes: 2 }), stateDirectory: "/s", choice, processTimeoutMs: 90_000 });
    await agent.run(leased, workspace, { text: "go", sessionId: "s1" }, {}).result;
  }
  const [plain, provider, model] = asked.map(({ input }) => input) as [JsonObject, JsonObject, JsonObject];
  expect(plain).toEqual({
    run: `${leased.task.id}-4`,
    goose: {},
    worktree: "/w",
    tmpDir: `/s/tmp/${leased.task.id}-1`,
    prompt: "go",
    sessionId: "s1",
    usage: { used: { inputTokens: 0, outputTokens: 0, turns: 0, activeMs: 0 } },
    limits: { maxTurns: 100, wallClockMs: 90_000, startupMs: 30_000, idleMs: 120_000 },
  });
  expect([provider["provider"], provider["model"], model["provider"], model["model"]]).toEqual(["openai", undefined, undefined, "m"]);
});

test("a provider that was chosen here has its own folder, model and secrets, and is named by the checks", async () => {
  const provider = { id: "openai", model: "m", config: { OPENAI_HOST: "h" } };
  const source = { settings: settings({ provider }), stateDirectory: "/s" };
  const managed = { dataDirectory: "/s/goose", provider: "openai", model: "m", config: { OPENAI_HOST: "h" } };
  expect(gooseChoice(source)).toEqual({ goose: {}, managed: { ...managed, secrets: {} } });
  const secrets = { OPENAI_API_KEY: "k" };
  expect(gooseChoice({ ...source, providerSecrets: (id) => (id === "openai" ? secrets : {}) })).toEqual({ goose: {}, managed: { ...managed, secrets } });
  const { workers } = workersThat(({ handler }) => (handler === "goose.check" ? { path: "/bin/goose", version: "1.52.0" } : null));
  const checks = await checkSetup({ ...source, workers, folder: "/r", queue: () => "" });
  expect(checks.at(-1)).toEqual({ name: "provider", ok: true, detail: "openai with m, chosen in Task Master" });
});

test("what an attempt has used goes with it, and where its session stood as long as that goes on", async () => {
  const { workers, asked } = workersThat(() => ({ sessionId: "s", finalMessage: "done" }));
  const leased = leasedOf();
  const usageOffset = { inputTokens: 5, outputTokens: 6, costUsd: 0 };
  const attempt = { ...leased.attempt, usage: { inputTokens: 1, outputTokens: 2, costUsd: 0.5, contextUsed: 9 }, usageOffset, sessionId: "s1" };
  const agent = createGooseAgent({ workers, settings: settings(), stateDirectory: "/s" });
  for (const prompt of [{ text: "go", sessionId: "s1" }, { text: "go" }]) await agent.run({ ...leased, attempt }, workspace, prompt, {}).result;
  const used = { inputTokens: 1, outputTokens: 2, turns: 0, activeMs: 0, costUsd: 0.5 };
  expect(asked.map(({ input }) => input["usage"])).toEqual([{ used, offset: usageOffset }, { used }]);
});

test("what a run of another machine, or of an earlier start of this one, left is not looked for", async () => {
  const { workers, asked } = workersThat(() => ({ ended: 2 }));
  const reap = createRunReaper({ workers });
  const { task, attempt } = leasedOf();
  const [host, boot, pid, started] = makeOwner("a").split("/");
  for (const owner of ["another/boot/1/2/a", [host, "another-boot", pid, started, "a"].join("/")]) expect(await reap({ ...attempt, owner, token: 4 })).toBe(0);
  expect(asked).toEqual([]);
  expect(await reap({ ...attempt, owner: makeOwner("a"), token: 4 })).toBe(2);
  expect(await reap({ ...attempt, owner: makeOwner("a"), token: 4, worktree: "/w" })).toBe(2);
  expect(asked.map(({ input }) => input)).toEqual([[], ["/w"]].map((folders) => ({ run: `${task.id}-4`, since: ownerStart(makeOwner("a")), folders })));
  // A start time that cannot be read says no more than that it was some time.
  expect(ownerStart([host, boot, pid, "?", "a"].join("/"))).toBe(0);
});

test("the checks of the set-up say what is there, and what is missing with its code", async () => {
  const found: Readonly<Record<string, () => JsonValue>> = {
    "git.inspect": () => ({ root: "/r", commonDir: "/r/.git", head: "0123456789abcdef", gitVersion: "2.50.0" }),
    "goose.check": () => ({ path: "/bin/goose", version: "1.52.0" }),
  };
  const context = (answers: typeof found) => ({
    workers: workersThat(({ handler }) => answers[handler]?.() ?? null).workers,
    settings: settings(),
    folder: "/r",
    stateDirectory: "/s",
    queue: () => "/q, 1 MB",
  });
  const details = async (answers: typeof found): Promise<unknown[]> =>
    (await checkSetup(context(answers))).map(({ name, ok, detail, code }) => [name, ok, code === undefined ? detail : `${code}: ${detail}`]);
  expect((await details(found)).slice(1)).toEqual([
    ["queue", true, "/q, 1 MB"],
    ["repository", true, "/r at 0123456789ab, git 2.50.0"],
    ["goose", true, "/bin/goose, version 1.52.0"],
    ["provider", true, "a provider and a model are configured"],
  ]);
  const missing = (): never => {
    throw new TaskMasterError("GOOSE_NOT_FOUND", "no Goose");
  };
  const onBranch = () => ({ root: "/r", commonDir: "/r/.git", head: "0123456789abcdef", branch: "main", gitVersion: "2.50.0" });
  expect((await details({ "git.inspect": onBranch, "goose.check": missing })).slice(2)).toEqual([
    ["repository", true, "/r at main, git 2.50.0"],
    ["goose", false, "GOOSE_NOT_FOUND: no Goose"],
    ["provider", false, "GOOSE_NOT_FOUND: no Goose"],
  ]);
});
