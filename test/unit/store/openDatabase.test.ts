import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { applicationId, latestVersion, migrations, readUserVersion, type Migration } from "../../../src/store/migrations.ts";
import { openDatabase } from "../../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../../src/store/sqliteTaskStore.ts";
import { claim, created, newTask, taskId } from "../../contract/taskStoreFixtures.ts";
import { asOrdinaryUser } from "../../helpers/ordinaryUser.ts";
import { createTempDir, type TempDir } from "../../helpers/tempRepo.ts";

let temporary: TempDir;
let path: string;
beforeEach(() => {
  temporary = createTempDir("task-master-store-");
  path = join(temporary.dir, "deep", "er", "queue.db");
});
afterEach(() => {
  vi.restoreAllMocks();
  temporary.dispose();
});

function rawFile(...statements: string[]): void {
  mkdirSync(join(temporary.dir, "deep", "er"), { recursive: true });
  const db = new DatabaseSync(path);
  for (const statement of statements) db.exec(statement);
  db.close();
}

const modeOf = (file: string): number => statSync(file).mode & 0o777;
const opening = (): unknown => openDatabase(path).close();

describe("openDatabase", () => {
  it("makes a private file in WAL with an identity that stays", () => {
    const first = openDatabase(path);
    expect([modeOf(path), modeOf(`${path}-wal`), modeOf(join(temporary.dir, "deep"))]).toEqual([0o600, 0o600, 0o700]);
    const pragma = (name: string): unknown => Object.values(first.db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    expect(["journal_mode", "foreign_keys", "busy_timeout", "synchronous", "application_id"].map(pragma)).toEqual(["wal", 1, 5000, 2, applicationId]);
    first.close();
    const second = openDatabase(path);
    expect([second.uuid, second.createdAt]).toEqual([first.uuid, first.createdAt]);
    expect(Math.abs(Date.now() - second.createdAt)).toBeLessThan(60_000);
    second.close();
  });

  it("names the host's version and what to do where node:sqlite is missing", () => {
    vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined);
    expect(opening).toThrow(expect.objectContaining({ code: "SQLITE_MISSING", message: expect.stringContaining("1.103") }));
  });

  it("leaves a newer file untouched", () => {
    rawFile(`PRAGMA application_id = ${applicationId}`, "PRAGMA user_version = 99", "CREATE TABLE future (a)");
    const before = readFileSync(path);
    expect(opening).toThrow(expect.objectContaining({ code: "STORE_TOO_NEW", message: expect.stringMatching(/99.*up to 2.*Update/) }));
    expect(readFileSync(path)).toEqual(before);
  });

  it.each([
    ["no database", () => writeFileSync(path, "this is a text that somebody put here ".repeat(200))],
    ["another program's database", () => rawFile("CREATE TABLE other (a)")],
    [
      "a queue without identity",
      () => rawFile(`PRAGMA application_id = ${applicationId}`, "PRAGMA user_version = 1", "CREATE TABLE queue (id, uuid, created_at)"),
    ],
  ])("reports %s as STORE_CORRUPT and keeps it", (_, make) => {
    mkdirSync(join(temporary.dir, "deep", "er"), { recursive: true });
    make();
    const size = statSync(path).size;
    expect(opening).toThrow(expect.objectContaining({ code: "STORE_CORRUPT", message: expect.stringContaining(path) }));
    expect(statSync(path).size).toBe(size);
  });
});

describe("openDatabase, when the file is damaged or away,", () => {
  it("reports a damaged page as STORE_CORRUPT when it is read", async () => {
    const store = new SqliteTaskStore(openDatabase(path));
    for (let index = 0; index < 50; index += 1) await store.insert(newTask(`t${index}x`, { prompt: "x".repeat(2000) }), created);
    await store.close();
    const bytes = readFileSync(path);
    writeFileSync(path, bytes.fill(0xff, 4096));
    const open = async (): Promise<unknown> => new SqliteTaskStore(openDatabase(path)).list();
    await expect(open()).rejects.toMatchObject({ code: "STORE_CORRUPT" });
  });

  it("reports a place where nothing can be opened as STORE_FAILED", () => {
    mkdirSync(path, { recursive: true });
    expect(opening).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
    temporary.write("file", "");
    expect(() => openDatabase(join(temporary.dir, "file", "queue.db"))).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
  });

  it("reports a read-only file as STORE_FAILED", async () => {
    opening();
    chmodSync(path, 0o400);
    chmodSync(temporary.dir, 0o755);
    await asOrdinaryUser(() => expect(opening).toThrow(expect.objectContaining({ code: "STORE_FAILED" })));
  });

  it("notices with the next heartbeat that the file was removed or replaced", async () => {
    const store = new SqliteTaskStore(openDatabase(path));
    await store.insert(newTask("a"), created);
    await store.commit(claim(newTask("a")));
    renameSync(path, `${path}.away`);
    await expect(store.renewLease(taskId("a"), 1, 9000)).rejects.toMatchObject({ code: "STORE_FAILED" });
    opening();
    await expect(store.renewLease(taskId("a"), 1, 9000)).rejects.toMatchObject({ code: "STORE_FAILED" });
    await store.close();
  });
});

/** Version 1 as it was released: this text must never change. */
const versionOne = readFileSync(new URL("./fixtures/version1.sql", import.meta.url), "utf8");

describe("migrations", () => {
  it("are numbered without gaps", () => expect(migrations.map(({ version }) => version)).toEqual(migrations.map((_, index) => index + 1)));

  it("open a file of version 1 and keep its tasks", async () => {
    rawFile(versionOne);
    const store = new SqliteTaskStore(openDatabase(path));
    expect(store.uuid).toBe("11111111-2222-3333-4444-555555555555");
    expect(await store.get(taskId("b"))).toEqual(newTask("b", { status: "blocked", priority: "high", deadline: 5000, dependsOn: [taskId("a")] }));
    const claimed = await store.get(taskId("a"));
    expect(claimed).toMatchObject({ status: "in_progress", lease: { owner: "me", token: 1, expiresAt: 5000 }, notBefore: 7 });
    expect(await store.attempts(taskId("a"))).toMatchObject([{ number: 1, outcome: "running", steps: ["prepared"] }]);
    expect(await store.events(taskId("a"), { limit: 9 })).toEqual([{ type: "created", taskId: taskId("a"), seq: 1, attempt: 0, at: 1000 }]);
    await store.close();
    const db = new DatabaseSync(path);
    expect(readUserVersion(db)).toBe(latestVersion());
    db.close();
  });

  it("take a later step once, in one transaction, and leave the file as it was when the step fails", () => {
    opening();
    const next = latestVersion() + 1;
    const second: Migration = { version: next, up: (db) => db.exec("CREATE TABLE more (a)") };
    const broken: Migration = {
      version: next + 1,
      up: (db) => {
        db.exec("CREATE TABLE half (a)");
        db.exec("nonsense");
      },
    };
    expect(() => openDatabase(path, { migrations: [...migrations, second, broken] })).toThrow(expect.objectContaining({ code: "STORE_FAILED" }));
    const { db } = openDatabase(path, { migrations: [...migrations, second] });
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE name IN ('more', 'half')").all();
    expect([readUserVersion(db), tables.map((row) => row["name"])]).toEqual([next, ["more"]]);
    db.close();
    expect(opening).toThrow(expect.objectContaining({ code: "STORE_TOO_NEW" }));
    expect(existsSync(path)).toBe(true);
  });
});
