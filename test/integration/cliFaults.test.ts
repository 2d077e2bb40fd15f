/** What a user of the built terminal is told when something happens to the queue's file. */
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { makeOwner } from "../../src/host/processOwner.ts";
import { waitFor, waitForNoProcesses } from "../helpers/leakCheck.ts";
import { createTempDir, createTempRepo, type TempDir, type TempRepo } from "../helpers/tempRepo.ts";
import { buildCliPackage, Cli } from "./cliPackage.ts";

let packageFolder: TempDir;
let repo: TempRepo;
let home: TempDir;
let cli: Cli;
let id: string;

beforeAll(async () => {
  packageFolder = await buildCliPackage();
}, 60_000);
afterAll(() => packageFolder.dispose());

beforeEach(async () => {
  repo = createTempRepo();
  home = createTempDir("task-master-home-");
  cli = new Cli({ packageDir: packageFolder.dir, repo: repo.dir, home: home.dir });
  id = await cli.add("Create hello.txt");
});
afterEach(async () => {
  await waitForNoProcesses(home.dir);
  repo.dispose();
  home.dispose();
});

function database(): string {
  const [found = ""] = globSync(`${home.dir}/data/task-master-goose/queues/*/queue.db`);
  return found;
}

describe("the terminal", () => {
  test("tells in one warning what was damaged, kept and recovered, and goes on", async () => {
    const path = database();
    writeFileSync(path, readFileSync(path).fill(0x55, 0, 100));
    const result = await cli.run(["list", "--json"]);
    expect(result).toMatchObject({ exitCode: 0, records: [{ id, status: "todo" }] });
    expect(result.stderr).toMatch(
      /^warning: The queue \S+ is damaged \(.*\)\. It was kept as \S+damaged-1\. Recovered: 1 task from the file itself\..*tm\/\.\.\..*\n$/,
    );
    expect((await cli.run(["list"])).stderr).toBe("");
  });

  test("ends a follower with an error when the queue is deleted under it", async () => {
    const logs = cli.start(["logs", id, "-f"]);
    await waitFor(() => logs.output().stdout.includes("created"), { what: "the journal" });
    rmSync(database());
    const result = await logs.result;
    expect(result).toMatchObject({
      exitCode: 3,
      stderr: expect.stringMatching(/^error: The queue \S+ was removed while it was open\. Nothing more is written to it\./),
    });
  });

  test("leaves a task whose process died as it is while it only looks; a verb that works puts it right", async () => {
    const db = new DatabaseSync(database());
    const owner = makeOwner("dead", 4_194_304); // above the largest process id
    db.prepare("UPDATE tasks SET status = 'in_progress', lease_owner = ?, lease_token = 1, lease_expires_at = ?").run(owner, Date.now() + 60_000);
    const row = (): unknown => db.prepare("SELECT * FROM tasks").get();
    const before = row();
    for (const look of [["show", id], ["logs", id], ["doctor"]]) await cli.run(look);
    expect((await cli.run(["list"])).stdout).toContain("its process is gone");
    expect(row()).toEqual(before);
    await cli.add("Another");
    expect(row()).toMatchObject({ status: "paused", lease_owner: null });
    db.close();
  });

  test("shows in doctor where the queue is, how large it is, and its backups", async () => {
    const { records } = await cli.run(["doctor", "--json"]);
    expect(records).toContainEqual(
      expect.objectContaining({ type: "check", name: "queue", ok: true, detail: expect.stringMatching(/queue\.db, \d+\.\d MB, no backup yet$/) }),
    );
  });
});
