import { describe, expect, it } from "vitest";
import { diagnosticsText, type DiagnosticsParts } from "../../../src/commands/diagnosticsText.ts";
import { taskWith } from "../views/taskFixture.ts";

const canary = "sk-canary-0123456789";

function text(changes: Partial<DiagnosticsParts> = {}): string {
  return diagnosticsText({
    versions: { "Task Master for Goose": "1.2.3", Node: "24.0.0" },
    isTrusted: true,
    settings: {},
    setup: [],
    queue: { tasks: [], running: 0, status: { limits: [] } },
    environment: {},
    ...changes,
  });
}

describe("diagnosticsText", () => {
  it("tells versions, set-up, how the queue stands and the settings", () => {
    const failed = taskWith("a", {
      status: "failed",
      title: "secret plan",
      prompt: "secret prompt",
      result: { output: "", error: { code: "GOOSE_NETWORK", message: "secret words" }, metrics: { startedAt: 0, endedAt: 1, durationMs: 1 }, artifacts: [] },
    });
    const result = text({
      setup: [
        { name: "goose", ok: true, detail: "version 1.52.0" },
        { name: "provider", ok: false, detail: "no provider" },
      ],
      queue: { tasks: [failed, taskWith("b"), taskWith("c")], running: 1, status: { limits: [] } },
      settings: { "taskMaster.workerPool.size": 2, "taskMaster.goose.path": "", "taskMaster.git.author": "Jane <jane@example.org>" },
    });
    for (const line of [
      "- Task Master for Goose: 1.2.3",
      "- goose: ok, version 1.52.0",
      "- provider: MISSING, no provider",
      "- tasks: 2 todo, 1 failed; 1 running in this window",
      "- errors of last attempts: GOOSE_NETWORK 1",
      "- taskMaster.workerPool.size: 2",
      "- taskMaster.goose.path: (not set)",
      "- taskMaster.git.author: (set)",
    ])
      expect(result).toContain(line);
    expect(result).not.toMatch(/secret|jane/);
  });

  it("holds no secret, no address with credentials, no home and no user", () => {
    const result = text({
      setup: `Goose at /home/jane/bin/goose said ${canary} of https://jane:pw@host.example/x`,
      queue: "The queue /home/jane/q is closed. (STORE_FAILED)",
      settings: { "taskMaster.goose.provider": { id: "openai", model: "gpt", config: { OPENAI_HOST: "https://jane:pw@host" } } },
      environment: { OPENAI_API_KEY: canary, HOME: "/home/jane", USER: "jane" },
    });
    expect(result).toContain("~/bin/goose said *** of https://***@host.example/x");
    expect(result).toContain("openai with gpt");
    expect(result).not.toMatch(/canary|jane|pw@/);
  });
});
