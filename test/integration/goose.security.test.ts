/** What the agent may not do, with the real Goose: leave the worktree, see keys, run the repository's plugins, be remembered. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/base/json.ts";
import { gooseCheck } from "../../src/worker/handlers/gooseCheck.ts";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { byPrompt, messageText, type ModelScript, type ScriptedCall } from "../helpers/modelServer.ts";
import { goosePlace, stubEnvironment, TestContext } from "../unit/worker/gooseFixture.ts";

const doing = (...calls: ScriptedCall[]): ModelScript =>
  byPrompt([
    [
      "Do the task",
      [
        { kind: "tools", calls },
        { kind: "text", text: "Done." },
      ],
    ],
  ]);
const write = (file: string): ScriptedCall => ({ name: "write", arguments: { path: file, content: "evil\n" } });
const shell = (command: string): ScriptedCall => ({ name: "shell", arguments: { command } });

test("a write outside the worktree never lands; the run goes on", async () => {
  let outside = "";
  const place = await goosePlace((request) =>
    doing(
      write("../up.txt"),
      write(path.join(outside, "absolute.txt")),
      write("link/through.txt"),
      write("dangling"),
      write("a/../../up2.txt"),
      write(".git/hooks/pre-commit"),
      write(".GIT/config"),
      write("good.txt"),
    )(request),
  );
  outside = path.join(place.home.dir, "outside");
  mkdirSync(outside);
  symlinkSync(outside, path.join(place.repo.dir, "link"));
  symlinkSync(path.join(outside, "new.txt"), path.join(place.repo.dir, "dangling"));
  const before = readFileSync(path.join(place.repo.dir, ".git/config"), "utf8");
  const context = new TestContext();
  expect(await place.run(context)).toMatchObject({ finalMessage: "Done." });
  expect(context.calls().map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected", "rejected", "rejected", "failed", "failed", "completed"]);
  expect(context.calls()[0]?.outputDelta).toContain("declined");
  expect(readdirSync(outside)).toEqual([]);
  expect(readFileSync(path.join(place.repo.dir, ".git/config"), "utf8")).toBe(before);
  for (const file of ["../up.txt", "../up2.txt", ".git/hooks/pre-commit", ".GIT"]) expect(existsSync(path.join(place.repo.dir, file))).toBe(false);
  expect(existsSync(path.join(place.repo.dir, "good.txt"))).toBe(true);
});

test("an edit of a file outside is declined before the file is read", async () => {
  const place = await goosePlace((request) =>
    doing({ name: "edit", arguments: { path: path.join(place.home.dir, "secret.txt"), before: "one", after: "two" } })(request),
  );
  const secret = place.home.write("secret.txt", "one canary\n");
  const context = new TestContext();
  await place.run(context);
  expect(context.calls()[0]?.status).toBe("rejected");
  expect(readFileSync(secret, "utf8")).toBe("one canary\n");
  expect(place.server.requests.flatMap(({ messages }) => messages.map(messageText)).join("\n")).not.toContain("canary");
});

test("the shell sees no key, no token and nothing of VS Code", async () => {
  const place = await goosePlace(doing(shell("env | sort")));
  stubEnvironment({
    OPENAI_API_KEY: "canary-openai",
    GITHUB_TOKEN: "canary-github",
    AWS_SECRET_ACCESS_KEY: "canary-aws",
    MY_PASSWORD: "canary-password",
    XDG_SECRET_KEY: "canary-xdg",
    VSCODE_IPC_HOOK: "canary-vscode",
    ELECTRON_RUN_AS_NODE: "1",
    NODE_OPTIONS: "--no-warnings",
    RUST_BACKTRACE: "1",
    JAVA_HOME: "/opt/java",
  });
  const context = new TestContext();
  await place.run(context);
  const output = context.calls()[0]?.outputDelta ?? "";
  expect(output).toContain("JAVA_HOME=/opt/java");
  expect(output).toContain(`HOME=${place.home.dir}`);
  expect(output).toContain(`TMPDIR=${path.join(place.home.dir, "tmp")}`);
  expect(output).toMatch(/^AGENT_SESSION_ID=\d+_\d+$/m);
  expect(output).not.toMatch(/canary|GOOSE_|OPENAI_|VSCODE_|ELECTRON_|NODE_OPTIONS|RUST_BACKTRACE/);
  const kept = readdirSync(place.home.dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  expect(kept.length).toBeGreaterThan(0);
  for (const entry of kept) expect(readFileSync(path.join(entry.parentPath, entry.name), "latin1")).not.toContain("canary");
});

test("plugins of the repository do not run, neither in a check nor in a run", async () => {
  const place = await goosePlace();
  const marks = path.join(place.home.dir, "marks");
  mkdirSync(marks);
  place.repo.write(".agents/plugins/x/plugin.json", JSON.stringify({ name: "x", version: "1" }));
  place.repo.write(".agents/plugins/x/.mcp.json", JSON.stringify({ mcpServers: { t: { command: "touch", args: [path.join(marks, "mcp")] } } }));
  const hook = [{ hooks: [{ type: "command", command: `touch ${path.join(marks, "hook")}` }] }];
  place.repo.write(".agents/plugins/x/hooks/hooks.json", JSON.stringify({ hooks: { UserPromptSubmit: hook, SessionStart: hook } }));
  const check: JsonObject = { goose: { path: gooseBinary() }, provider: true, cwd: place.repo.dir };
  await gooseCheck(check, new TestContext());
  mkdirSync(path.join(place.repo.dir, "sub"));
  await gooseCheck({ ...check, cwd: path.join(place.repo.dir, "sub") }, new TestContext());
  await place.run(new TestContext());
  expect(readdirSync(marks)).toEqual([]);
});

test("a sub-agent, whose work would pass no gate, is declined; the run goes on", async () => {
  const place = await goosePlace((request) => {
    const isSubAgent = request.messages.some((message) => message.role === "user" && messageText(message).includes("SUBWORK"));
    if (isSubAgent) return doing(shell("env > leaked.txt"), write("../leaked.txt"))(request);
    return doing({ name: "delegate", arguments: { instructions: "SUBWORK" } }, shell("echo allowed"))(request);
  });
  const context = new TestContext();
  expect(await place.run(context)).toMatchObject({ finalMessage: "Done." });
  expect(place.server.requests[0]?.tools).toContain("delegate");
  expect(context.calls()).toMatchObject([
    { toolName: "delegate", status: "rejected" },
    { toolName: "shell", status: "completed", outputDelta: "allowed\n" },
  ]);
  expect(context.requests).toMatchObject([{ toolName: "delegate" }, { toolName: "shell", input: { command: "echo allowed" } }]);
  expect(existsSync(path.join(place.repo.dir, "leaked.txt"))).toBe(false);
  expect(existsSync(path.join(place.repo.dir, "../leaked.txt"))).toBe(false);
});

test("nothing is allowed for ever, and the mode of the user does not count", async () => {
  const place = await goosePlace(doing(shell("echo hello"), write("b.txt")));
  stubEnvironment({ GOOSE_MODE: "auto" });
  const context = new TestContext();
  context.pause();
  const running = place.run(context);
  setImmediate(() => context.resume());
  await running;
  expect(context.calls().map(({ statuses }) => statuses[1])).toEqual(["in_progress", "in_progress"]);
  const found = readdirSync(place.home.dir, { recursive: true }).filter((file) => String(file).endsWith("permission.yaml"));
  const always = found.map((file) => readFileSync(path.join(place.home.dir, String(file)), "utf8")).join("\n");
  expect(always).not.toMatch(/shell|write/);
});
