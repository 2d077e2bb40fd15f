import { describe, expect, it } from "vitest";
import { maxSaid } from "../../../src/model/runWish.ts";
import { maxFindText, maxViewMessage, parseHostToView, parseViewMessage, viewTask } from "../../../src/protocol/hostWebview.ts";
import { parsePageLanguage } from "../../../src/protocol/pageLanguage.ts";
import { makeNonce, runHtml } from "../../../src/webview/runHtml.ts";
import { taskWith } from "../views/taskFixture.ts";
import { journal, say } from "./journal.ts";

describe("messages of the view", () => {
  const place = { type: "openPlace", toolCallId: "c", seq: 3, of: "location", index: 0 };
  const find = { type: "find", id: 1, text: "x" };

  it.each([
    { type: "ready" },
    { type: "ready", lastSeq: 7 },
    { type: "show", seq: 7 },
    { type: "reading" },
    { type: "loadOlder", beforeSeq: 501 },
    { type: "loadNewer", afterSeq: 0 },
    { type: "action", action: "pause" },
    find,
    { type: "endFind" },
    place,
    { type: "openLink", url: "https://example.com/a?b=c#d" },
    { type: "say", text: "Use tabs." },
    // The engine says what is wrong with these.
    { type: "say", text: "" },
    { type: "say", text: "\ud800".repeat(maxSaid) },
    { type: "stopToolCall", toolCallId: "call_1" },
    { type: "answer", answer: { questionId: "q", decision: "reject", note: "x" } },
  ])("takes %o", (message) => expect(parseViewMessage(message)).toEqual(message));

  const circular: Record<string, unknown> = { type: "ready" };
  circular["self"] = circular;
  it.each([
    undefined,
    null,
    "ready",
    7,
    [],
    {},
    { type: "openFile", path: "/etc/passwd" },
    { type: "action", action: "remove" },
    { type: "action", action: "pause", taskId: "bbbbbbbb" },
    { type: "action", action: { toString: "pause" } },
    { type: "say" },
    { type: "say", text: 7 },
    { type: "say", text: "x", taskId: "bbbbbbbb" },
    { type: "say", text: "x".repeat(maxSaid + 1) },
    { type: "stopToolCall", toolCallId: "" },
    { type: "stopToolCall", toolCallId: "x".repeat(257) },
    { type: "answer", answer: { questionId: "q", decision: "allow_always" } },
    { type: "answer", answer: { questionId: "", decision: "reject" } },
    { type: "answer", answer: { questionId: "q", decision: "reject", note: "x".repeat(30_000) } },
    { type: "answer", answer: { questionId: "q", decision: "reject", taskId: "bbbbbbbb" } },
    { type: "loadOlder", beforeSeq: 1 },
    { type: "loadOlder", beforeSeq: 2.5 },
    { type: "loadOlder", beforeSeq: Number.NaN },
    { type: "ready", lastSeq: -1 },
    { type: "show", seq: 0 },
    { ...find, text: "" },
    { ...find, text: "x".repeat(maxFindText + 1) },
    { ...place, path: "/etc/passwd" },
    { ...place, of: "file" },
    { ...place, index: -1 },
    { ...place, toolCallId: "c".repeat(257) },
    { type: "openLink", url: "http://example.com" },
    { type: "openLink", url: "command:workbench.action.terminal.new" },
    { type: "openLink", url: "vscode://file/etc/passwd" },
    { type: "openLink", url: "file:///etc/passwd" },
    { type: "openLink", url: "https://example.com@evil.example/" },
    { type: "openLink", url: "https:\\\\evil.example" },
    { type: "openLink", url: "javascript:alert(1)//https://" },
    { type: "openLink", url: `https://example.com/${"x".repeat(3_000)}` },
    { type: "ready", padding: "x".repeat(maxViewMessage) },
    { type: "ready", big: 1n },
    circular,
  ])("drops malformed message %#", (message) => expect(parseViewMessage(message)).toBeUndefined());

  it("never throws on what a hostile page may send", () => {
    const pieces: readonly unknown[] = ["ready", "action", -1, Infinity, null, "__proto__", { length: 5 }, [[]], "\ud800", true];
    for (let i = 0; i < 10_000; i++) {
      const at = (shift: number): unknown => pieces[(i >> shift) % pieces.length];
      expect(() => parseViewMessage({ type: at(0), [String(at(2))]: at(4), lastSeq: at(1), action: at(3) })).not.toThrow();
    }
  });
});

describe("messages of the host", () => {
  it("pass with journal entries as they are", () => {
    const message = { type: "reset", task: viewTask(taskWith("a")), attempts: [], events: journal([say("x")]), firstSeq: 1, lastSeq: 1, endSeq: 1, now: 5 };
    expect(parseHostToView(message)).toMatchObject({ type: "reset", events: [{ text: "x", seq: 1 }] });
  });

  it("tell which of the user's messages wait, shortened", () => {
    const task = { ...taskWith("a"), inbox: [{ id: "1", text: "x".repeat(5_000), at: 1 }] };
    const message = { type: "task", task: viewTask(task) };
    expect(parseHostToView(message)).toMatchObject({ task: { waiting: [{ id: "1", text: "x".repeat(300) }] } });
    expect(parseHostToView({ type: "said", error: "too long" })).toEqual({ type: "said", error: "too long" });
    expect(parseHostToView({ type: "task", task: { ...viewTask(taskWith("a")), waiting: "all" } })).toBeUndefined();
  });

  it("are dropped when the bookkeeping does not fit", () => {
    expect(parseHostToView({ type: "append", events: [{ type: "message", seq: 0 }], afterSeq: 0, lastSeq: 1 })).toBeUndefined();
    expect(parseHostToView({ type: "append", events: "x", afterSeq: 0, lastSeq: 1 })).toBeUndefined();
    expect(parseHostToView({ devtools: true })).toBeUndefined();
  });
});

describe("the page", () => {
  const html = runHtml({ cspSource: "https://own", nonce: "abc", scriptUri: "https://own/a.js?x=1&y=2", styleUri: 'https://own/"><script>' });

  it("allows our script and our style sheet only", () => {
    expect(html).toContain("default-src 'none'; script-src 'nonce-abc'; style-src https://own;");
    expect(html).not.toMatch(/unsafe|https:\/\/own\/"><script>/);
    expect(html.match(/<script/g)).toHaveLength(1);
  });

  it("is given its language as data that cannot end its block", () => {
    const language = { language: 'de"><b>', bundle: { Find: "</script><script>alert(1)</script><!--" } };
    const page = runHtml({ cspSource: "https://own", nonce: "abc", scriptUri: "https://own/a.js", styleUri: "https://own/a.css", language });
    expect(page).toContain('<html lang="de&quot;>&lt;b>">');
    expect(page.match(/<script/g)).toHaveLength(2);
    const block = /<script type="application\/json" id="language">(.*?)<\/script>/.exec(page)?.[1] ?? "";
    expect(JSON.parse(block)).toEqual(language);
    expect(block).not.toContain("<");
  });

  it.each([
    "",
    "{",
    "null",
    "[]",
    '{"language":"de"}',
    '{"language":"de","bundle":{"Find":1}}',
    '{"language":"not a tag","bundle":{}}',
    '{"language":1,"bundle":{}}',
  ])("takes no language that is none: %s", (text) => expect(parsePageLanguage(text)).toBeUndefined());

  it("takes a language with its bundle", () => {
    const language = { language: "pt-br", bundle: { Find: "Localizar" } };
    expect(parsePageLanguage(JSON.stringify({ ...language, more: true }))).toEqual(language);
  });

  it("has another nonce every time", () => {
    expect(makeNonce()).toMatch(/^[0-9a-f]{32}$/);
    expect(makeNonce()).not.toBe(makeNonce());
  });
});
