import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDatabase } from "../../../src/store/openDatabase.ts";
import { QueueRegistry, userDataDirectory } from "../../../src/store/queueRegistry.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

describe("userDataDirectory", () => {
  it.each([
    ["linux", {}, join(homedir(), ".local", "share")],
    ["linux", { HOME: "/home/me" }, "/home/me/.local/share"],
    ["linux", { XDG_DATA_HOME: "/data" }, "/data"],
    ["linux", { XDG_DATA_HOME: "relative", HOME: "/home/me" }, "/home/me/.local/share"],
    ["darwin", { XDG_DATA_HOME: "/data" }, join(homedir(), "Library", "Application Support")],
    ["win32", { LOCALAPPDATA: "C:/Users/me/AppData/Local" }, "C:/Users/me/AppData/Local"],
    ["win32", {}, join(homedir(), "AppData", "Local")],
  ] as const)("on %s with %j is %s", (platform, env, expected) => expect(userDataDirectory({ platform, env })).toBe(expected));

  it("asks the running process by default", () => expect(userDataDirectory()).toBe(userDataDirectory({ env: process.env, platform: process.platform })));
});

let temporary: TempDir;
let registry: QueueRegistry;
let file: string;
beforeEach(() => {
  temporary = createTempDir("task-master-registry-");
  registry = new QueueRegistry(join(temporary.dir, "data"));
  file = join(registry.directory, "queues.json");
});
afterEach(() => temporary.dispose());

const entries = new Map([["/repo/.git", { database: "/data/queue.db", uuid: "u" }]]);

describe("QueueRegistry", () => {
  it("writes privately and as a whole, and reads it back", async () => {
    await registry.withLock(() => {
      expect(registry.read()).toEqual({ entries: new Map() });
      registry.write(entries);
      expect(registry.read()).toEqual({ entries });
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(`${file}.lock`).mode & 0o777).toBe(0o600);
    expect(statSync(registry.directory).mode & 0o777).toBe(0o700);
    expect(readdirSync(registry.directory).toSorted()).toEqual(["queues.json", "queues.json.lock"]);
  });

  it("is not disturbed by what a killed writer left", async () => {
    await registry.withLock(() => {
      writeFileSync(`${file}.tmp`, "{ half");
      registry.write(entries);
      expect(registry.read()).toEqual({ entries });
    });
  });

  it.each(["", "{", "[]", "null", '{"queues":[]}', '{"other":1}'])("keeps a damaged file (%j) aside and starts anew", (text) => {
    mkdirSync(registry.directory, { recursive: true });
    writeFileSync(`${file}.corrupt-1`, "an earlier one");
    writeFileSync(file, text);
    const contents = registry.read();
    expect(contents).toMatchObject({ entries: new Map(), warning: { code: "REGISTRY_CORRUPT" } });
    expect(readFileSync(`${file}.corrupt-2`, "utf8")).toBe(text);
    expect(readFileSync(`${file}.corrupt-1`, "utf8")).toBe("an earlier one");
    expect(registry.read()).toEqual({ entries: new Map() });
  });

  it("drops single entries that make no sense", () => {
    mkdirSync(registry.directory, { recursive: true });
    const good = { database: "/data/queue.db", uuid: "u" };
    writeFileSync(
      file,
      JSON.stringify({ format: 1, queues: { "/repo/.git": good, "/b": 1, "/c": { database: "relative", uuid: "u" }, "/d": { database: "/x" } } }),
    );
    expect(registry.read()).toEqual({ entries });
  });
});

describe("the lock of the registry", () => {
  it("lets one work after the other, also in one process and after an error", async () => {
    const order: string[] = [];
    const held = registry.withLock(() => {
      order.push("first");
      throw new Error("own");
    });
    const others = [2, 3].map((number) => registry.withLock(() => order.push(`then ${number}`)));
    await expect(held).rejects.toThrow("own");
    await Promise.all(others);
    expect(order).toHaveLength(3);
  });

  it("gives up on a lock that is not freed", async () => {
    let inner: Promise<unknown> = Promise.resolve();
    await registry.withLock(() => {
      inner = new QueueRegistry(join(temporary.dir, "data"), 0).withLock(() => "never").catch((error: unknown) => error);
    });
    expect(await inner).toMatchObject({ code: "STORE_FAILED", retryable: true });
  });

  it("makes all folders that are missing, privately", async () => {
    const deep = new QueueRegistry(join(temporary.dir, "a", "b"));
    await deep.withLock(() => undefined);
    for (const folder of [join(temporary.dir, "a"), join(temporary.dir, "a", "b"), deep.directory]) expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it.runIf(existsSync("/proc/self"))("reports a place in which no folder can be made", async () => {
    const error = expect.objectContaining({ code: "STORE_FAILED", message: expect.stringContaining("make the folder (/proc/nope/") });
    await expect(new QueueRegistry("/proc/nope").withLock(() => undefined)).rejects.toThrow(error);
    expect(() => openDatabase("/proc/nope/deeper/queue.db")).toThrow(error);
  });

  it("reports a place that cannot be used", async () => {
    temporary.write("file", "");
    const unusable = new QueueRegistry(join(temporary.dir, "file"));
    await expect(unusable.withLock(() => undefined)).rejects.toMatchObject({ code: "STORE_FAILED" });
    expect(() => unusable.write(entries)).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
    mkdirSync(file, { recursive: true });
    expect(() => registry.read()).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
  });
});
