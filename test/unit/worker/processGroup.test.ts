import { expect, test, vi } from "vitest";
import { killGroup, spawnGroup, taskkill } from "../../../src/worker/process/processGroup.ts";

test("on Windows a process tree is ended by the system's own taskkill", () => {
  expect(taskkill(42, { SystemRoot: "D:\\Win" })).toEqual({ file: "D:\\Win\\System32\\taskkill.exe", args: ["/PID", "42", "/T", "/F"] });
  expect(taskkill(7, {}).file).toBe("C:\\Windows\\System32\\taskkill.exe");
});

test("a group that is gone is no error; another failure to kill is", () => {
  const kill = vi.spyOn(process, "kill");
  const failWith = (code: string): void =>
    void kill.mockImplementationOnce(() => {
      throw Object.assign(new Error(code), { code });
    });
  try {
    for (const code of ["ESRCH", "EPERM"]) {
      failWith(code);
      expect(() => killGroup(42)).not.toThrow();
    }
    failWith("EINVAL");
    expect(() => killGroup(42)).toThrow("EINVAL");
    expect(kill.mock.calls).toEqual([
      [-42, "SIGKILL"],
      [-42, "SIGKILL"],
      [-42, "SIGKILL"],
    ]);
  } finally {
    kill.mockRestore();
  }
});

test("a program that cannot be started says so, and has nothing to kill", async () => {
  const group = spawnGroup("/no/such/program", [], { cwd: "/", env: {} });
  expect(group.pid).toBeUndefined();
  expect(await group.exited).toMatchObject({ exitCode: null, error: { code: "ENOENT" } });
  group.killGroup();
});
