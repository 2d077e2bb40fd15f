import { expect, test } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import { remedyOf } from "../../../src/platform/remedy.ts";

test("an error names the place where the user can help", () => {
  expect(remedyOf(new TaskMasterError("UNTRUSTED", "This workspace is not trusted."))).toBe("trust");
  expect(remedyOf(new TaskMasterError("CONFLICT", "All 2 slots are busy."))).toBe("settings");
  expect(remedyOf(new TaskMasterError("CONFLICT", "Task a is being changed by somebody else. Try again."))).toBeUndefined();
  expect(remedyOf(new TaskMasterError("STORE_FAILED", "The queue was removed while it was open. Reload the window."))).toBe("reload");
  expect(remedyOf(new TaskMasterError("STORE_FAILED", "The disk is full."))).toBeUndefined();
  expect(remedyOf(new TaskMasterError("INTERNAL", "x"))).toBeUndefined();
});
