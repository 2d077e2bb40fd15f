import { expect, it } from "vitest";
import { parseSecrets } from "../../../src/model/provider.ts";
import { parseSettings } from "../../../src/model/settings.ts";
import { parseProviders } from "../../../src/worker/goose/providers.ts";

it("reads stored secrets, and takes what somebody else wrote there for nothing", () => {
  expect(parseSecrets('{"OPENAI_API_KEY":"sk-1","lower":"x","OTHER_KEY":7}')).toEqual({ OPENAI_API_KEY: "sk-1" });
  for (const text of [undefined, "", "no json", "7", "null", '"text"', `{"A_KEY":"${"x".repeat(8_193)}"}`]) expect(parseSecrets(text)).toEqual({});
});

it("takes a whole choice from the settings, an empty one as none, and refuses half of one", () => {
  const provider = { id: "openai", model: "openai/gpt-4.1", config: { OPENAI_HOST: "http://127.0.0.1:1" } };
  expect(parseSettings({ provider })).toMatchObject({ settings: { provider }, problems: [] });
  expect(parseSettings({ provider: {} }).settings.provider).toBeUndefined();
  for (const wrong of [
    { id: "openai" },
    { ...provider, id: "-x" },
    { ...provider, model: "a b" },
    { ...provider, config: { PATH: 7 } },
    { ...provider, config: { lower: "x" } },
    { ...provider, config: [] },
    "openai",
  ])
    expect(parseSettings({ provider: wrong }), JSON.stringify(wrong)).toMatchObject({
      settings: { poolSize: 2 },
      problems: [expect.stringContaining("Set Up Provider") as string],
    });
});

const openai = {
  providerId: "openai",
  providerName: "OpenAI",
  description: "Models of OpenAI",
  defaultModel: "gpt-4.1",
  models: [{ id: "gpt-4.1" }, { id: "gpt-4.1" }, { id: "bad name" }],
  configKeys: [
    { name: "OPENAI_API_KEY", required: false, primary: true, secret: true },
    { name: "OPENAI_HOST", required: true, secret: false, default: "https://api.openai.com" },
    { name: "OPENAI_TIMEOUT", required: false, secret: false },
  ],
};

it("reads Goose's providers and leaves out what cannot be set up here or does not fit", () => {
  const browser = { ...openai, providerId: "browser", configKeys: [{ name: "TOKEN", required: true, secret: true, oauthFlow: true }] };
  const entries = [openai, browser, { ...openai, providerId: "old", deprecated: true }, { ...openai, providerId: "$(x)" }, { providerId: "half" }, null];
  expect(parseProviders({ entries })).toEqual([
    {
      id: "openai",
      name: "OpenAI",
      description: "Models of OpenAI",
      defaultModel: "gpt-4.1",
      models: ["gpt-4.1"],
      keys: [
        { name: "OPENAI_API_KEY", isMain: true, isSecret: true },
        { name: "OPENAI_HOST", isMain: true, isSecret: false, default: "https://api.openai.com" },
        { name: "OPENAI_TIMEOUT", isMain: false, isSecret: false },
      ],
    },
  ]);
});

it("says what to do instead when Goose does not tell its providers", () => {
  expect(() => parseProviders({ providers: [] })).toThrow(expect.objectContaining({ code: "GOOSE_PROTOCOL" }) as Error);
});
