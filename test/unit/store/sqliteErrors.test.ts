import { expect, it } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import { sqliteCode, toStoreError } from "../../../src/store/sqliteErrors.ts";

const context = { path: "/queue.db", action: "test" };
const sqliteError = (errcode: number): Error => Object.assign(new Error("words"), { code: "ERR_SQLITE_ERROR", errcode });
const systemError = (code: string): Error => Object.assign(new Error("words"), { code });

it.each([
  [1, "STORE_FAILED", false],
  [5, "STORE_FAILED", true],
  [517, "STORE_FAILED", true],
  [6, "STORE_FAILED", true],
  [8, "STORE_FAILED", false],
  [778, "STORE_FAILED", true],
  [11, "STORE_CORRUPT", false],
  [267, "STORE_CORRUPT", false],
  [13, "DISK_FULL", true],
  [14, "STORE_FAILED", false],
  [26, "STORE_CORRUPT", false],
])("SQLite's code %i is %s, retryable %s", (errcode, code, retryable) => {
  const error = toStoreError(sqliteError(errcode), context);
  expect(error).toMatchObject({ code, retryable });
  expect(error.message).toContain("/queue.db");
  expect(sqliteCode(error.cause)).toBe(errcode & 0xff);
});

it.each([
  ["ENOSPC", "DISK_FULL"],
  ["EROFS", "STORE_FAILED"],
  ["EACCES", "STORE_FAILED"],
  ["EWHATEVER", "STORE_FAILED"],
])("the system's %s is %s", (system, code) => expect(toStoreError(systemError(system), context)).toMatchObject({ code }));

it("passes its own errors and takes any thrown value", () => {
  const own = new TaskMasterError("CONFLICT", "words");
  expect(toStoreError(own, context)).toBe(own);
  expect(toStoreError("words", context)).toMatchObject({ code: "STORE_FAILED" });
  expect(sqliteCode("words")).toBeUndefined();
});
