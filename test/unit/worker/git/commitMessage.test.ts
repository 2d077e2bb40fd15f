import { describe, expect, it } from "vitest";
import { buildMessage, ownerKey } from "../../../../src/worker/git/commitMessage.ts";

const owner = { taskId: "task0001", attempt: 2 };

describe("buildMessage", () => {
  it("has subject, body and trailers as paragraphs", () => {
    expect(buildMessage({ ...owner, subject: " Fix\n it ", body: "\nWhy.\r\nMore.\n" })).toBe("Fix it\n\nWhy.\nMore.\n\nTask-Master-Id: task0001/2\n");
    expect(buildMessage({ ...owner, subject: "x", body: "", isUnfinished: true })).toBe("x\n\nTask-Master-Id: task0001/2\nTask-Master-State: unfinished\n");
  });

  it("keeps a shortened title as the first paragraph", () => {
    const subject = "word ".repeat(20).trim();
    const [first = "", , second] = buildMessage({ ...owner, subject, body: "" }).split("\n");
    expect(first.length).toBeLessThanOrEqual(72);
    expect(first.endsWith("…")).toBe(true);
    expect(second).toBe(subject);
  });

  it("stays small and whole whatever it is given", () => {
    const message = buildMessage({ ...owner, subject: "🌍".repeat(500_000), body: "🌍\u0000".repeat(500_000) });
    expect(message.length).toBeLessThan(80_000);
    expect(message).not.toMatch(/\p{Cs}|\0/u);
    expect(message.endsWith("\n\nTask-Master-Id: task0001/2\n")).toBe(true);
  });
});

describe("ownerKey", () => {
  it.each(["", "a b", "../x", "a\nb", "x".repeat(65)])("refuses the id %j", (taskId) => {
    expect(() => ownerKey({ taskId, attempt: 1 })).toThrow(expect.objectContaining({ code: "INVALID_INPUT" }) as Error);
  });
});
