import { expect, test } from "vitest";
import { secretsIn } from "../../../src/model/secrets.ts";
import { gooseEnvironment, shellEnvironment, withheldVariables } from "../../../src/worker/process/environment.ts";
import { OutputTail, textDecoder } from "../../../src/worker/process/outputTail.ts";
import { killGroup, spawnGroup } from "../../../src/worker/process/processGroup.ts";
import { exitNumber, runShell } from "../../../src/worker/process/shell.ts";
import { isOrphanOfRun } from "../../../src/worker/process/strays.ts";

const source = {
  PATH: "/bin",
  HOME: "/home/me",
  LANG: "C",
  LC_ALL: "C",
  XDG_CONFIG_HOME: "/c",
  https_proxy: "p",
  SSL_CERT_FILE: "/s",
  GOPATH: "/go",
  TASK_MASTER_RUN: "r",
  GOOSE_MODEL: "m",
  OPENAI_API_KEY: "k1",
  SOME_NEW_API_KEY: "k2",
  AWS_SECRET_ACCESS_KEY: "k3",
  GITHUB_TOKEN: "k4",
  LC_TOKEN: "k5",
  XDG_SECRET: "k6",
  VSCODE_API_KEY: "x",
  ELECTRON_RUN_AS_NODE: "1",
  NODE_OPTIONS: "-r evil",
  RUST_BACKTRACE: "1",
  LD_PRELOAD: "x",
  RANDOM_VARIABLE: "x",
  NOTHING: undefined,
};
const common = ["GOPATH", "HOME", "LANG", "LC_ALL", "PATH", "SSL_CERT_FILE", "TASK_MASTER_RUN", "XDG_CONFIG_HOME", "https_proxy"];

test("Goose gets the providers, the shell gets no secret, nobody gets the rest", () => {
  const goose = Object.keys(gooseEnvironment(source)).filter((name) => !["LC_TOKEN", "XDG_SECRET"].includes(name));
  expect(goose.toSorted()).toEqual([...common, "AWS_SECRET_ACCESS_KEY", "GOOSE_MODEL", "OPENAI_API_KEY", "SOME_NEW_API_KEY"].toSorted());
  expect(Object.keys(shellEnvironment(source)).toSorted()).toEqual([...common, "GIT_TERMINAL_PROMPT"].toSorted());
});

test("secrets are known by their names; where something is, or who somebody is, is none", () => {
  const environment = {
    OPENAI_API_KEY: "sk-1234567890",
    GIT_AUTHOR_NAME: "Ada Lovelace",
    SSH_AUTH_SOCK: "/tmp/agent",
    MY_SECRET_TOKEN: "t0k3n-123",
    PATH: "/usr/bin:/bin",
  };
  expect(secretsIn(environment)).toEqual(["sk-1234567890", "t0k3n-123"]);
});

test("the tail of an output keeps whole characters", () => {
  const tail = new OutputTail(10);
  tail.push("ab");
  expect([tail.text(), tail.isTruncated]).toEqual(["ab", false]);
  for (let i = 0; i < 1_000; i++) tail.push("€");
  expect([tail.text(), tail.isTruncated]).toEqual(["€€€", true]);
});

test("characters that chunks split are put together", () => {
  let text = "";
  const decoder = textDecoder((piece) => (text += piece));
  for (const byte of Buffer.from("aé世👋")) decoder.push(Buffer.from([byte]));
  decoder.push(Buffer.from([0xe4]));
  decoder.end();
  expect(text).toBe("aé世👋�");
});

test("a program that cannot be started is told by its end, not by a throw", async () => {
  const group = spawnGroup("/no/such/program", [], { cwd: "/", env: {} });
  const status = await group.exited;
  expect(status).toMatchObject({ exitCode: null, error: { code: "ENOENT" } });
  expect(exitNumber(status)).toBe(127);
  group.killGroup();
});

test("killing a group that is gone is no error", async () => {
  const group = spawnGroup("/bin/sh", ["-c", "exit 0"], { cwd: "/", env: {} });
  await group.exited;
  expect(() => group.killGroup()).not.toThrow();
  expect(() => killGroup(2 ** 22 + 1)).not.toThrow();
});

test("a command is handed to the shell as it is; stdin is empty; both outputs keep their order", async () => {
  const signal = new AbortController().signal;
  const options = { cwd: "/", env: { PATH: "/usr/bin:/bin" }, tailBytes: 1_000, timeoutMs: 0, signal };
  const command = `echo "$0" '$1' "\${1-none}"; cat; for i in 1 2 3; do echo o$i; echo e$i >&2; done; # ' " \``;
  expect(await runShell(command, options)).toEqual({
    exitCode: 0,
    timedOut: false,
    outputTail: expect.stringMatching(/^\/bin\/\w*sh \$1 none\no1\ne1\no2\ne2\no3\ne3\n$/),
  });
});

test("the end of a command in one number, as shells count it", () => {
  const ends = [
    { exitCode: 3, signal: null },
    { exitCode: null, signal: "SIGTERM" },
    { exitCode: null, signal: "SIGINT" },
    { exitCode: null, signal: "SIGKILL" },
    { exitCode: null, signal: null, error: new Error("not started") },
  ];
  expect(ends.map(exitNumber)).toEqual([3, 143, 130, 137, 127]);
});

test("a command in a folder that does not exist", async () => {
  const options = { cwd: "/no/such/folder", env: {}, tailBytes: 1_000, timeoutMs: 0, signal: AbortSignal.abort() };
  expect(await runShell("true", options)).toMatchObject({ exitCode: 127, outputTail: expect.stringContaining("ENOENT") });
});

test("whose parent lives, who has a terminal and who began before the run is no orphan of it", () => {
  const run = { since: 500, ancestors: new Set([1, 20, 30]) };
  const orphan = { pid: 900, parent: 1, hasTerminal: false, startedAt: 500 };
  expect(isOrphanOfRun(orphan, run)).toBe(true);
  expect(isOrphanOfRun({ ...orphan, parent: 20 }, run)).toBe(true); // adopted by a subreaper, which is an ancestor of ours
  for (const facts of [{ parent: process.pid }, { parent: 800 }, { hasTerminal: true }, { startedAt: 499 }, { pid: 30 }, { pid: process.pid }]) {
    expect(isOrphanOfRun({ ...orphan, ...facts }, run), JSON.stringify(facts)).toBe(false);
  }
});

test("what a process has that commands do not get tells that it is not ours", () => {
  const withheld = withheldVariables({
    PATH: "/bin",
    DISPLAY: ":0",
    OPENAI_API_KEY: "k",
    VSCODE_PID: "7",
    PWD: "/x",
    SHLVL: "1",
    _: "/bin/env",
    NOTHING: undefined,
  });
  expect([...withheld]).toEqual(["DISPLAY=:0", "VSCODE_PID=7"]);
});
