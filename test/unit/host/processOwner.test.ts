import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { isOwnerGone, makeOwner } from "../../../src/host/processOwner.ts";

test("this process is not gone, whatever its word", () => {
  expect(isOwnerGone(makeOwner("a"))).toBe(false);
});

test("a process that was killed is gone", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
  const owner = makeOwner("a", child.pid);
  expect(isOwnerGone(owner)).toBe(false);
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
  expect(isOwnerGone(owner)).toBe(true);
});

test("a pid that belongs to somebody else by now, and one of an earlier boot, are gone", () => {
  const [host, boot, pid, started] = makeOwner("a").split("/");
  expect(isOwnerGone([host, "another-boot", pid, started, "a"].join("/"))).toBe(true);
  expect(isOwnerGone([host, boot, pid, `${started}9`, "a"].join("/"))).toBe(process.platform === "linux");
});

test.each(["another-host/b/1/2/a", "test", "", "//0//"])("of %j nothing is known", (owner) => {
  expect(isOwnerGone(owner)).toBe(false);
});
