/** Which tool calls are allowed, asked about or declined in which mode; commands have a test of their own. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decidePermission, type PermissionRuling } from "../../../src/engine/permissionPolicy.ts";
import { approvalModes, type ApprovalMode } from "../../../src/model/permission.ts";
import type { PermissionRequest } from "../../../src/model/toolCall.ts";

const worktree = "/home/u/worktrees/t1";
const call = (toolName: string, input: PermissionRequest["input"] = {}, more: Partial<PermissionRequest> = {}): PermissionRequest => ({
  toolCallId: "c",
  toolName,
  title: "",
  input,
  ...more,
});
const decide = (request: PermissionRequest, mode: ApprovalMode = "autonomous", grants: readonly string[] = []): PermissionRuling =>
  decidePermission(request, { mode, grants, worktree });
const kinds = (request: PermissionRequest): readonly string[] => approvalModes.map((mode) => decide(request, mode).kind);

test.each([
  ["a harmless command", call("shell", { command: "npm test" }), ["allow", "ask", "ask", "reject"]],
  ["a dangerous command", call("shell", { command: "git push" }), ["ask", "ask", "ask", "reject"]],
  ["a command that is not there", call("shell", {}), ["ask", "ask", "ask", "reject"]],
  ["a command too long to be shown", call("shell", { command: "ls" }, { isCut: true }), ["reject", "reject", "reject", "reject"]],
  ["a change of a file", call("edit", { path: "src/a.ts" }), ["allow", "ask", "ask", "reject"]],
  ["a write by its absolute path", call("write", { path: `${worktree}/a.ts` }), ["allow", "ask", "ask", "reject"]],
  ["a write outside", call("write", { path: "../a.ts" }), ["reject", "reject", "reject", "reject"]],
  ["a write without a path", call("write", {}), ["reject", "reject", "reject", "reject"]],
  ["a look", call("tree", { path: "." }), ["allow", "allow", "ask", "allow"]],
  ["a tool of a server", call("github__create_issue"), ["allow", "ask", "ask", "reject"]],
  ["a tool by which Goose starts programs", call("extensionmanager__manage_extensions"), ["ask", "ask", "ask", "reject"]],
  ["a sub-agent", call("delegate"), ["reject", "reject", "reject", "reject"]],
  ["a sub-agent of an extension", call("summon__delegate"), ["reject", "reject", "reject", "reject"]],
])("%s: autonomous, ask for writes, ask for all, read only", (_what, request, expected) => {
  expect(kinds(request)).toEqual(expected);
});

test.each([
  ".vscode/settings.json",
  ".VSCODE/x",
  "./.vscode//x",
  ".idea/x",
  "a.code-workspace",
  "sub/.cursor/rules",
  ".claude/settings.json",
  ".agents/plugins/x",
  "x/.husky/pre-commit",
  "AGENTS.md",
  "docs/agents.md",
  "CLAUDE.md",
  ".goosehints",
  ".envrc",
  ".gitmodules",
  ".gitattributes",
  "sub/.gitattributes",
  ".github/workflows/ci.yml",
  ".GitHub/Workflows/ci.yml",
  ".github/actions/x/action.yml",
  ".github/copilot-instructions.md",
  ".gitlab-ci.yml",
  ".mcp.json",
  ".git/config",
  ".git./config",
  "git~1/config",
  ".gi\u200bt/config",
  ".devcontainer/devcontainer.json",
])("asks in every mode before it writes %j", (path) => {
  expect(kinds(call("write", { path }))).toEqual(["ask", "ask", "ask", "reject"]);
  expect(decide(call("write", { path }))).not.toHaveProperty("covers");
});

test.each([
  "src/a.ts",
  ".gitignore",
  ".github/dependabot.yml",
  "github/workflows.md",
  "vscode/settings.json",
  "git/config",
  "docs/hooks.md",
  ".env.example",
  "agents/readme.txt",
  "...",
])("does not ask before it writes %j", (path) => {
  expect(decide(call("write", { path })).kind).toBe("allow");
});

test("what the links really lead to counts besides what is written", () => {
  expect(decide(call("write", { path: "cfg/settings.json" }, { target: { path: ".vscode/settings.json", isInside: true } })).kind).toBe("ask");
  expect(decide(call("write", { path: "a.txt" }, { target: { path: "/etc/a.txt", isInside: false } })).kind).toBe("reject");
  expect(decide(call("write", { path: "/linked/worktree/a.txt" }, { target: { path: "a.txt", isInside: true } })).kind).toBe("allow");
});

describe("package.json", () => {
  const before = JSON.stringify({ name: "a", scripts: { test: "vitest" } });
  const change = (newText: string, oldText: string | undefined = before): PermissionRequest =>
    call("edit", { path: "packages/a/package.json" }, { diff: { path: "packages/a/package.json", newText, ...(oldText === undefined ? {} : { oldText }) } });
  test.each([
    ["another dependency", change(JSON.stringify({ name: "a", scripts: { test: "vitest" }, dependencies: { b: "1" } })), "allow"],
    ["another script", change(JSON.stringify({ name: "a", scripts: { test: "evil" } })), "ask"],
    ["no scripts any more", change(JSON.stringify({ name: "a" })), "ask"],
    ["a new file without scripts", call("write", { path: "package.json" }, { diff: { path: "package.json", newText: '{"name":"a"}' } }), "allow"],
    ["a new file with scripts", call("write", { path: "package.json" }, { diff: { path: "package.json", newText: '{"scripts":{"postinstall":"x"}}' } }), "ask"],
    ["a text that is no JSON", change("{"), "ask"],
    ["a change that cannot be told", call("edit", { path: "package.json" }), "ask"],
    ["a text that was none before", change("{}", "{"), "ask"],
    ["a list instead of settings", change("null"), "ask"],
    ["a text instead of settings", change('"a"'), "ask"],
    ["a number before, another now", change("2", "1"), "ask"],
    ["a lock file", call("write", { path: "package.json5" }), "allow"],
    ["a link to another name", call("write", { path: "package.json" }, { target: { path: "manifest.txt", isInside: true } }), "ask"],
    ["a text that was cut", { ...change(before), isCut: true }, "ask"],
  ] as const)("%s", (_what, request, kind) => {
    expect(decide(request).kind).toBe(kind);
  });
});

test("a grant covers what it names, and never what is dangerous", () => {
  const grants = ["run:npm test", "edits", "tool:tree", "text:ls | wc -l"];
  const asked = (request: PermissionRequest): string => decide(request, "askAll", grants).kind;
  expect(asked(call("shell", { command: "npm test -- a" }))).toBe("allow");
  expect(asked(call("shell", { command: "ls | wc -l" }))).toBe("allow");
  expect(asked(call("edit", { path: "a.ts" }))).toBe("allow");
  expect(asked(call("tree", {}))).toBe("allow");
  expect(asked(call("shell", { command: "npm test && npm ci" }))).toBe("ask");
  expect(asked(call("shell", { command: "npm test > ../x" }))).toBe("ask");
  expect(asked(call("shell", { command: "env npm test" }))).toBe("ask");
  expect(asked(call("edit", { path: ".vscode/settings.json" }))).toBe("ask");
});

test("says what it asks, and what an answer for the task would cover", () => {
  const harmless = (command: string): PermissionRuling => decide(call("shell", { command }), "askWrites");
  const dangerous = (command: string): PermissionRuling => decide(call("shell", { command }));
  expect(harmless("npm test")).toEqual({
    kind: "ask",
    why: "runs a command",
    covers: { key: "run:npm test", words: "every command that runs npm test and nothing else" },
  });
  for (const command of ["ls | wc -l", "env ls", "> a"]) {
    expect(harmless(command), command).toEqual({ kind: "ask", why: "runs a command", covers: { key: `text:${command}`, words: "this very command" } });
  }
  const [push, sudo, remote, machine] = [
    "changes a remote repository",
    "runs with the rights of another user",
    "works on another machine",
    "changes the machine",
  ];
  expect(dangerous("git push; sudo a; ssh b")).toEqual({ kind: "ask", why: `runs a command that ${push}, and that ${sudo}, and that ${remote}` });
  expect(dangerous("git push; sudo a; ssh b; reboot")).toEqual({
    kind: "ask",
    why: `runs a command that ${push}, and that ${sudo}, and that ${remote}, and more`,
  });
  expect(dangerous("reboot")).toEqual({ kind: "ask", why: `runs a command that ${machine}` });
});

test("grants of every program cover a line of them; a part of them does not", () => {
  const asked = (command: string, grants: readonly string[]): string => decide(call("shell", { command }), "askAll", grants).kind;
  expect(asked("ls | wc -l", ["run:ls", "run:wc"])).toBe("allow");
  expect(asked("ls | wc -l", ["run:ls"])).toBe("ask");
  expect(asked("env ls", ["run:ls", "run:env"])).toBe("ask");
});

test("a tool is known by its whole name", () => {
  for (const toolName of ["powershell", "shells", "my_write", "writer", "rewrite__edit", "x__developer__shell"]) {
    expect(kinds(call(toolName, { command: "git push", path: "../x" })), toolName).toEqual(["allow", "ask", "ask", "reject"]);
  }
  for (const toolName of ["developer__shell", "shell"]) expect(decide(call(toolName, { command: "git push" })).kind, toolName).toBe("ask");
  for (const toolName of ["developer__write", "developer__edit"]) expect(decide(call(toolName, { path: "../x" })).kind, toolName).toBe("reject");
});

test("no path that may be written without a question leads out of the worktree", () => {
  const part = fc.constantFrom("..", ".", "a", "b c", "", "~", "...", "-", "C:", "\\", "$HOME", "*");
  const path = fc
    .tuple(fc.constantFrom("", "/", "./", "../", `${worktree}/`, worktree), fc.array(part, { maxLength: 8 }))
    .map(([start, parts]) => start + parts.join("/"));
  fc.assert(
    fc.property(path, (target) => {
      if (decide(call("write", { path: target })).kind !== "allow") return;
      const resolved = new URL(encodeURI(target.startsWith("/") ? target : `${worktree}/${target}`).replaceAll("\\", "%5C"), "file:///").pathname.replaceAll(
        /\/{2,}/g,
        "/",
      );
      expect(`${resolved}/`.startsWith(`${worktree}/`), target).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});
