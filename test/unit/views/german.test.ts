/** The surfaces in another language: the modules are loaded when the language is chosen, as in VS Code. */
import { beforeAll, describe, expect, it, vi } from "vitest";
import { TaskMasterError } from "../../../src/model/errors.ts";
import type { TaskId } from "../../../src/model/ids.ts";
import type { QueueStop } from "../../../src/model/queueStatus.ts";
import { readJson } from "../../l10n/manifestTexts.ts";
import { taskWith } from "./taskFixture.ts";

const now = Date.parse("2026-05-04T12:00:00");

async function loadGerman() {
  vi.resetModules();
  const { setLanguage } = await import("../../../src/base/l10n.ts");
  setLanguage({ language: "de", bundle: readJson("media/l10n/bundle.l10n.de.json") as Record<string, string> });
  const [rows, groups, notices, status, queue, summary, left, engine] = await Promise.all([
    import("../../../src/views/taskItem.ts"),
    import("../../../src/views/taskGroups.ts"),
    import("../../../src/views/notices.ts"),
    import("../../../src/views/statusText.ts"),
    import("../../../src/views/queueMessage.ts"),
    import("../../../src/commands/runSummary.ts"),
    import("../../../src/commands/removalDetail.ts"),
    import("../../../src/model/queueStatus.ts"),
  ]);
  const [text, usage] = await Promise.all([import("../../../src/webview/app/text.ts"), import("../../../src/webview/app/usageText.ts")]);
  return { ...rows, ...groups, ...notices, ...status, ...queue, ...summary, ...left, ...text, ...usage, stopReason: engine.stopReason };
}

let german: Awaited<ReturnType<typeof loadGerman>>;
beforeAll(async () => {
  german = await loadGerman();
});

const login = taskWith("a", { title: "Anmeldung", status: "failed" });
const find = (id: TaskId) => (id === login.id ? login : undefined);
const failures = (count: number) =>
  Array.from({ length: count }, () => ({ taskId: login.id, title: "Anmeldung", code: "GOOSE_PROVIDER" as const, message: "No answer.", at: now }));
const stop = (count: number): QueueStop => ({ at: now, failures: failures(count), isCertain: false });

describe("in German", () => {
  it("are times and numbers, whatever the system's form", () => {
    expect(german.formatTime(Date.parse("2026-05-04T21:11:01"))).toBe("21:11:01");
    expect(german.when(Date.parse("2026-05-06T21:11:00"), now)).toBe("6. Mai 21:11");
    const attempt = { number: 1, startedAt: 0, outcome: "running", usage: { inputTokens: 12_345, outputTokens: 2_000 } } as const;
    expect(german.usageLines([attempt])).toMatchObject([{ input: "12.345", output: "2.000" }]);
  });

  it("is a row of the tree, with the way out of what blocks it", () => {
    const row = german.taskItem(taskWith("c", { title: "Ausliefern", status: "blocked", dependsOn: [login.id] }), { now, find });
    expect(row.description).toBe("blockiert durch Anmeldung (fehlgeschlagen: wiederholen)");
    expect(row.accessibilityLabel).toBe("Ausliefern, blockiert durch Anmeldung (fehlgeschlagen: wiederholen)");
    expect(german.groupLabels.attention).toBe("Handlungsbedarf");
    expect(german.taskItem(taskWith("r", { status: "in_progress" }), { now, find, pending: "pause" }).description).toBe("wird pausiert …");
  });

  it.each([
    [0, "erledigt, keine Datei geändert"],
    [1, "erledigt, 1 Datei geändert"],
    [2, "erledigt, 2 Dateien geändert"],
  ])("counts %i changed files", (count, description) => {
    const artifacts = Array.from({ length: count }, (_, index) => `file${index}`);
    const result = { output: "", metrics: { startedAt: now, endedAt: now, durationMs: 0 }, artifacts };
    expect(german.taskItem(taskWith("d", { status: "done", result }), { now, find }).description).toBe(description);
  });

  it("is the hover", () => {
    const text = german.taskTooltip(taskWith("h", { priority: "high", branch: "tm/1", attempts: 1, maxAttempts: 3 }), { now, find }, ["Ausliefern"]);
    expect(text).toContain("\nPriorität: hoch\nBranch: tm/1\nVersuch 1 von 3\nGibt danach frei: Ausliefern\nKennung: ");
  });

  it("is a notice, for one task and for several", () => {
    const attention = { kind: "attention", taskId: login.id, title: "Anmeldung", message: "Which port?" } as const;
    expect(german.noticeText([attention])).toBe("„Anmeldung“ braucht Sie: Which port?");
    expect(german.noticeText([attention, { ...attention, kind: "failed" }])).toBe("Aufgaben: 1 fehlgeschlagen, 1 braucht Sie („Anmeldung“, „Anmeldung“).");
    expect(german.noticeText([attention, attention])).toBe("Aufgaben: 2 brauchen Sie („Anmeldung“, „Anmeldung“).");
  });

  it("is what keeps the queue, and the status bar", () => {
    expect(german.queueMessage({ stop: stop(1), limits: [] }, now)).toContain("nach 1 fehlgeschlagenen Versuch angehalten");
    expect(german.queueMessage({ stop: stop(5), limits: [] }, now)).toContain("nach 5 fehlgeschlagenen Versuchen in Folge angehalten");
    const use = { scope: "day", measure: "tokens", used: 81_000, limit: 100_000, portion: 100_000 } as const;
    expect(german.queueMessage({ limits: [], budget: use }, now)).toContain("81.000 von 100.000 Token des heutigen Budgets");
    expect(german.statusText([login], { stop: stop(1), limits: [] }, now)?.text).toBe("$(warning) Warteschlange angehalten");
  });

  it("is the end of a batch and the warning before a removal", () => {
    expect(german.summarizeRuns([login])).toBe("1 Aufgabe ausgeführt: 1 fehlgeschlagen.");
    expect(german.removalDetail(login, [taskWith("b", { title: "Ausliefern", status: "blocked", dependsOn: [login.id] })])).toContain(
      "bis Sie die Abhängigkeit aufheben: „Ausliefern“.",
    );
  });

  it("are no errors: what the engine and the terminal say stays English", () => {
    expect(new TaskMasterError("CONFLICT", german.stopReason(stop(1))).message).toBe(
      'The queue has stopped after 1 failed attempt. The last was "Anmeldung": No answer.',
    );
  });
});
