import { describe, expect, it } from "vitest";
import { parseConfigList, repositoryOverrides } from "../../../../src/worker/git/configSafety.ts";
import type { HardenedGit } from "../../../../src/worker/git/hardenedGit.ts";

type Entry = readonly [scope: string, key: string, value: string];
const output = (entries: readonly Entry[]): string => entries.map(([scope, key, value]) => `${scope}\0file:/r/.git/config\0${key}\n${value}\0`).join("");
const overrides = (drivers: "refuse" | "neutralise", ...entries: readonly Entry[]) =>
  repositoryOverrides({ run: async () => output(entries) } as unknown as HardenedGit, drivers);
const unsafe = expect.objectContaining({ code: "GIT_UNSAFE" }) as Error;

describe("parseConfigList", () => {
  it("reads values with line breaks, empty ones and keys without value", () => {
    expect(parseConfigList("local\0file:x\0a.b\n1\n2\0global\0file:y\0c.d\0")).toEqual([
      { scope: "local", origin: "file:x", key: "a.b", value: "1\n2" },
      { scope: "global", origin: "file:y", key: "c.d", value: "" },
    ]);
  });
});

describe("repositoryOverrides", () => {
  it.each(["git-lfs clean -- %f; x", "/tmp/git-lfs clean -- %f", "git lfs clean -- %f", "git-lfs clean -- %f\nx"])(
    "does not take %j for git-lfs",
    async (value) => {
      await expect(overrides("refuse", ["local", "filter.lfs.clean", value])).rejects.toThrow(unsafe);
    },
  );

  it.each(["filter.a.clean", "filter.a b.c.process", "filter..smudge", "merge.x.driver", "core.gitproxy"])(
    "refuses %j of the repository, not of the user",
    async (key) => {
      await expect(overrides("refuse", ["local", key, "x"])).rejects.toThrow(unsafe);
      await expect(overrides("refuse", ["worktree", key, "x"])).rejects.toThrow(unsafe);
      await expect(overrides("refuse", ["global", key, "x"], ["system", key, "x"])).resolves.toEqual([]);
    },
  );

  it("switches drivers off when asked to, unless -c cannot name them", async () => {
    await expect(overrides("neutralise", ["local", "filter.a.clean", "x"], ["local", "core.gitproxy", "x"])).resolves.toEqual([
      "filter.a.clean=",
      "filter.a.required=false",
      "protocol.git.allow=never",
    ]);
    await expect(overrides("neutralise", ["local", "filter.a=b.clean", "x"])).rejects.toThrow(unsafe);
  });

  it("resets only what the repository itself set", async () => {
    const entries = [
      ["core.sshcommand", "x"],
      ["credential.https://h.helper", "x"],
      ["remote.o.r.uploadpack", "x"],
      ["remote.o.receivepack", "x"],
    ] as const;
    await expect(overrides("refuse", ...entries.map(([key, value]) => ["local", key, value] as const))).resolves.toEqual([
      "core.sshCommand=ssh",
      "credential.https://h.helper=",
      "remote.o.r.uploadpack=git-upload-pack",
      "remote.o.receivepack=git-receive-pack",
    ]);
    await expect(overrides("refuse", ...entries.map(([key, value]) => ["global", key, value] as const))).resolves.toEqual([]);
  });
});
