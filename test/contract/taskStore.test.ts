import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { afterAll } from "vitest";
import { openDatabase } from "../../src/store/openDatabase.ts";
import { SqliteTaskStore } from "../../src/store/sqliteTaskStore.ts";
import { createTempDir } from "../helpers/tempRepo.ts";
import { describeTaskStore } from "./taskStore.ts";

const temporary = createTempDir("task-master-store-");
afterAll(() => temporary.dispose());

describeTaskStore("SQLite in memory", async () => new SqliteTaskStore(openDatabase(":memory:")));
describeTaskStore("SQLite in a file", async () => new SqliteTaskStore(openDatabase(join(temporary.dir, `${randomUUID()}.db`))));
