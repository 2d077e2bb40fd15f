import { expect, it, vi } from "vitest";
import { readRawSettings } from "../../../src/platform/configuration.ts";

const provider = { id: "openai", model: "a-model", config: { OPENAI_HOST: "http://127.0.0.1:1" } };

// As VS Code does it: every object comes wrapped, against changes.
vi.mock("vscode", () => ({
  workspace: { getConfiguration: () => ({ get: (id: string) => (id === "taskMaster.goose.provider" ? new Proxy(provider, {}) : undefined) }) },
}));

it("gives settings that can be sent to a worker", () => {
  expect(structuredClone(readRawSettings())["provider"]).toEqual(provider);
});
