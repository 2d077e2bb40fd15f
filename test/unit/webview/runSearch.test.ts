import { describe, expect, it } from "vitest";
import type { TaskEvent } from "../../../src/model/taskEvent.ts";
import { maxHits, type HostToView } from "../../../src/protocol/hostWebview.ts";
import { RunMatcher } from "../../../src/webview/runMatcher.ts";
import { RunSearch } from "../../../src/webview/runSearch.ts";
import type { RunSource } from "../../../src/webview/runStream.ts";
import { journal, say, taskId, tool } from "./journal.ts";

const hitsOf = (text: string, events: readonly TaskEvent[]): readonly number[] => new RunMatcher(text).take(events);

describe("RunMatcher", () => {
  it("finds a text in any case, also across the pieces in which it was streamed", () => {
    expect(hitsOf("Hello World", journal([say("Say hel"), say("lo wo"), say("rld"), say("no")]))).toEqual([3]);
    expect(hitsOf("x", journal([say("a"), say("X")]))).toEqual([2]);
  });

  it("does not find what belongs to two messages", () => {
    expect(hitsOf("ab", journal([say("a", "m"), say("b", "n")]))).toEqual([]);
    expect(hitsOf("ab", journal([say("a"), { type: "log", level: "info", message: "between" }, say("b")]))).toEqual([]);
  });

  it("tells a tool call by its first event, whatever of it holds the text", () => {
    const events = journal([
      tool("c", { toolName: "shell", input: { command: "npm TEST" } }),
      say("a"),
      tool("c", { outputDelta: "needle in the out" }),
      tool("c", { outputDelta: "put" }),
      tool("c", { activity: "step of a sub-agent" }),
      tool("c", { diffs: [{ path: "src/a.ts", oldText: "old", newText: "fresh" }] }),
    ]);
    for (const text of ["npm test", "the output", "sub-agent", "src/a.ts", "fresh", "old"]) expect(hitsOf(text, events), text).toEqual([1]);
  });

  it("finds reasons and messages of what happened", () => {
    const events = journal([
      { type: "error", code: "INTERNAL", message: "It broke", details: "deep" },
      { type: "stopped", reason: "By hand" },
    ]);
    expect(hitsOf("deep", events)).toEqual([1]);
    expect(hitsOf("by hand", events)).toEqual([2]);
  });
});

describe("RunSearch", () => {
  function search(events: readonly TaskEvent[]): { readonly search: RunSearch; readonly posted: HostToView[]; readonly pages: number[] } {
    const posted: HostToView[] = [];
    const pages: number[] = [];
    const source = {
      events: (_: unknown, { afterSeq = 0, limit }: { afterSeq?: number; limit: number }) => {
        pages.push(afterSeq);
        return Promise.resolve(events.slice(afterSeq, afterSeq + limit));
      },
    } as unknown as RunSource;
    const made = new RunSearch({ taskId, source: () => Promise.resolve(source), post: (message) => posted.push(message), rest: () => Promise.resolve() });
    return { search: made, posted, pages };
  }
  const hits = (posted: readonly HostToView[]): readonly number[] => posted.flatMap((message) => (message.type === "found" ? message.hits : []));

  it("reads the whole journal in pages and tells each row once", async () => {
    const call = tool("c", { outputDelta: "needle " });
    const { search: made, posted, pages } = search(journal(Array.from({ length: 2_500 }, (_, i) => (i % 1_000 === 7 ? call : say("hay", `m${i}`)))));
    await made.find(3, "needle");
    expect(hits(posted)).toEqual([8]);
    expect(pages).toEqual([0, 1_000, 2_000]);
    expect(posted.at(-1)).toEqual({ type: "found", id: 3, hits: [], isDone: true, isCut: false });
  });

  it("stops at a number of hits and says so", async () => {
    const { search: made, posted } = search(journal(Array.from({ length: maxHits + 5 }, (_, i) => say("hay", `m${i}`))));
    await made.find(1, "hay");
    expect(hits(posted)).toHaveLength(maxHits);
    expect(posted.at(-1)).toMatchObject({ isDone: true, isCut: true });
  });

  it("is ended by the next search and by the end of finding", async () => {
    const { search: made, posted } = search(journal(Array.from({ length: 3_000 }, (_, i) => say("hay", `m${i}`))));
    const first = made.find(1, "hay");
    const second = made.find(2, "nothing");
    await Promise.all([first, second]);
    expect(posted).toEqual([{ type: "found", id: 2, hits: [], isDone: true, isCut: false }]);
    const third = made.find(3, "hay");
    made.end();
    await third;
    expect(posted).toHaveLength(1);
  });
});
