import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { HardenedGit } from "../../src/worker/git/hardenedGit.ts";
import { GitFixture, isolateGit } from "../unit/worker/git/gitFixture.ts";

const rounds = 9;

async function medianMs(run: (round: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await run(round);
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[rounds >> 1] ?? 0;
}

// Printed, not judged: goals with limits are in test/bench.
it("tells how long a cycle takes beside plain git", async () => {
  isolateGit();
  using f = new GitFixture();
  const raw = (cwd: string, ...args: string[]) => promisify(execFile)("git", args, { cwd });
  const ours = await medianMs(async (round) => {
    const workspace = await f.prepare({ branch: `tm/${round}` });
    writeFileSync(path.join(workspace.worktree, "a.txt"), `${round}`);
    expect((await f.commit(workspace)).commits).toHaveLength(1);
    await f.cleanup(workspace);
  });
  const plain = await medianMs(async (round) => {
    const worktree = path.join(f.root.dir, "plain");
    await raw(f.repo.dir, "worktree", "add", "-q", "-b", `plain/${round}`, worktree);
    writeFileSync(path.join(worktree, "a.txt"), `${round}`);
    await raw(worktree, "add", "-A");
    await raw(worktree, "commit", "-qm", "x");
    await raw(f.repo.dir, "worktree", "remove", "--force", worktree);
  });
  const git = new HardenedGit({ cwd: f.repo.dir, signal: new AbortController().signal });
  const quiet = await medianMs(() => git.run(["update-ref", "refs/heads/quiet", "HEAD"]));
  const quietPlain = await medianMs(() => raw(f.repo.dir, "update-ref", "refs/heads/quiet", "HEAD"));
  const show = (ms: number): string => ms.toFixed(1);
  process.stdout.write(
    `\ngit: prepare+commit+cleanup ${show(ours)} ms (plain git ${show(plain)} ms); one quiet command ${show(quiet)} ms (plain ${show(quietPlain)} ms)\n`,
  );
});
