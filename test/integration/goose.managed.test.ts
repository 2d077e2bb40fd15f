/** A Goose whose provider was chosen in Task Master: real Goose, a scripted model, and a key that must reach nothing but the provider. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { ManagedGoose } from "../../src/protocol/handlers.ts";
import { gooseCheck } from "../../src/worker/handlers/gooseCheck.ts";
import { gooseProviders } from "../../src/worker/handlers/gooseProviders.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { byPrompt, messageText } from "../helpers/modelServer.ts";
import { goosePlace, rejection, stubEnvironment, TestContext, type GoosePlace } from "../unit/worker/gooseFixture.ts";

const key = "sk-canary-0123456789";

function managedBy(place: GoosePlace, changes: Partial<ManagedGoose> = {}): ManagedGoose {
  // The user's own Goose knows nothing: whatever works comes from here.
  stubEnvironment({ OPENAI_HOST: undefined, OPENAI_API_KEY: undefined, GOOSE_PROVIDER: undefined, GOOSE_MODEL: undefined });
  const host = place.server.env["OPENAI_HOST"] ?? "";
  return {
    dataDirectory: path.join(place.home.dir, "sessions"),
    provider: "openai",
    model: "scripted-model",
    config: { OPENAI_HOST: host },
    secrets: { OPENAI_API_KEY: key },
    ...changes,
  };
}

const spy = [
  "env",
  'for process in /proc/[0-9]*; do tr "\\0" "\\n" < $process/environ 2>/dev/null | grep -a sk-c.nary; done',
  'grep -ras sk-c.nary "$TMPDIR" "$HOME"',
  "true",
].join("; ");

test("the key reaches the provider and nothing else: no command, no process, no file", async () => {
  const place = await goosePlace(
    byPrompt([
      [
        "Do the task",
        [
          { kind: "tools", calls: [{ name: "shell", arguments: { command: spy } }] },
          { kind: "text", text: "Done." },
        ],
      ],
    ]),
  );
  const context = new TestContext();
  const { finalMessage } = await place.run(context, { managed: managedBy(place) });
  expect(finalMessage).toBe("Done.");
  expect(place.server.requests.map(({ headers }) => headers.authorization)).toEqual(place.server.requests.map(() => `Bearer ${key}`));
  const [call] = context.calls();
  expect(call).toMatchObject({ status: "completed", exitCode: 0 });
  expect(call?.outputDelta).toContain("PATH=");
  expect(JSON.stringify(context.events)).not.toMatch(/sk-canary|\*\*\*/);
  // What the model was told back is the output before anything of ours was hidden in it.
  expect(JSON.stringify(place.server.requests.map(({ messages }) => messages))).not.toContain(key);
  expect(filesWith(place.home.dir, key)).toEqual([]);
});

test("only tools that work through us are offered", async () => {
  const place = await goosePlace(() => ({ kind: "text", text: "Done." }));
  await place.run(new TestContext(), { managed: managedBy(place) });
  expect(place.server.requests.at(-1)?.tools.toSorted()).toEqual(["edit", "read", "read_image", "shell", "todo__todo_write", "tree", "write"]);
});

test("a session goes on in a later run, whose folders are new", async () => {
  const place = await goosePlace(
    byPrompt([
      ["And now?", [{ kind: "text", text: "The second answer." }]],
      ["Do the task", [{ kind: "text", text: "The first answer." }]],
    ]),
  );
  const managed = managedBy(place);
  const { sessionId } = await place.run(new TestContext(), { managed });
  const { finalMessage } = await place.run(new TestContext(), { managed, sessionId, prompt: "And now?" });
  expect(finalMessage).toBe("The second answer.");
  expect(place.server.requests.at(-1)?.messages.map(messageText).join("\n")).toContain("The first answer.");
  expect(statSync(managed.dataDirectory).mode & 0o777).toBe(0o700);
});

test("the user's own variables for Goose take no part", async () => {
  const place = await goosePlace(() => ({ kind: "text", text: "Done." }));
  const managed = managedBy(place);
  stubEnvironment({ OPENAI_HOST: "http://127.0.0.1:9", OPENAI_API_KEY: "sk-of-the-user-000", GOOSE_PROVIDER: "anthropic", GOOSE_MODEL: "other" });
  await place.run(new TestContext(), { managed });
  expect(place.server.requests.at(-1)).toMatchObject({ model: "scripted-model", headers: { authorization: `Bearer ${key}` } });
});

test("a check finds what is missing", async () => {
  const place = await goosePlace();
  const check = (managed: ManagedGoose): Promise<unknown> =>
    gooseCheck({ goose: { path: gooseBinary() }, provider: true, cwd: place.repo.dir, managed }, new TestContext());
  await expect(check(managedBy(place))).resolves.toMatchObject({ version: expect.any(String) as string });
  expect(await rejection(check(managedBy(place, { provider: "anthropic", secrets: {} })))).toMatchObject({ code: "GOOSE_NOT_CONFIGURED" });
  expect(await rejection(check(managedBy(place, { provider: "no-such-provider" })))).toMatchObject({ code: "GOOSE_NOT_CONFIGURED" });
});

test("Goose tells which providers can be set up, whatever it is configured with", async () => {
  const place = await goosePlace();
  stubEnvironment({ GOOSE_PROVIDER: "no-such-provider" });
  const { providers } = (await gooseProviders({ goose: { path: gooseBinary() }, cwd: place.repo.dir }, new TestContext())) as {
    providers: readonly { readonly id: string; readonly models: readonly string[]; readonly keys: readonly unknown[] }[];
  };
  expect(providers.length).toBeGreaterThan(10);
  const anthropic = providers.find(({ id }) => id === "anthropic");
  expect(anthropic?.models.length).toBeGreaterThan(0);
  expect(anthropic?.keys).toContainEqual(expect.objectContaining({ name: "ANTHROPIC_API_KEY", isMain: true, isSecret: true }));
});

function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}
