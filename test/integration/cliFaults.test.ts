/** What a user of the built terminal is told when something happens to the queue's file. */
import { globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
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

  test("shows in doctor where the queue is, how large it is, and its backups", async () => {
    const { records } = await cli.run(["doctor", "--json"]);
    expect(records).toContainEqual(
      expect.objectContaining({ type: "check", name: "queue", ok: true, detail: expect.stringMatching(/queue\.db, \d+\.\d MB, no backup yet$/) }),
    );
  });
});
