import { describe, expect, it } from "vitest";
import type { ToolRow } from "../../../src/webview/app/rows.ts";
import { aboutOf } from "../../../src/webview/app/toolText.ts";

const row = (fields: Partial<ToolRow>): ToolRow => ({ toolName: "write", ...fields }) as ToolRow;
const path = "src/very/long/path/with/many/parts/of_a_name.ts";

describe("what a tool call is about", () => {
  it.each([
    ["its command", { title: "shell", input: { command: "npm test" } }, "npm test"],
    ["its title without the tool's name, which stands before it", { title: "write · a.txt", input: { path: "a.txt" } }, "a.txt"],
    ["its path where the title is cut", { title: "write · src/very/long...", input: { path } }, path],
    ["its path where the title is cut twice", { title: "write · src/very/long...…", input: { path } }, path],
    ["its title where that says something else", { title: "write · three files...", input: { path } }, "three files..."],
    ["its title where that does not begin with the tool's name", { title: "Look at a.txt" }, "Look at a.txt"],
    ["its path where it has no title", { input: { path } }, path],
    ["nothing", {}, ""],
  ])("%s", (_what, fields, text) => {
    expect(aboutOf(row(fields))).toBe(text);
  });
});
