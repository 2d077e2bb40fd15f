/**
 * The world outside the engine that keeps what was done to it: an agent and a git whose effects are rows of one SQLite
 * file, seen from every process. Commits move a branch by compare-and-swap, as git does, and are looked up by their
 * trailer first, as `git.commit` does; between the two the process can be stopped or killed.
 */
import { randomUUID } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as delay } from "node:timers/promises";
import { Gate } from "../../src/base/gate.ts";
import type { AgentRunner, GitOperations, LeasedTask } from "../../src/engine/ports.ts";
import { cancelledError, TaskMasterError } from "../../src/model/errors.ts";
import type { Seeded } from "./seeded.ts";

const schema = `
CREATE TABLE IF NOT EXISTS branches (name TEXT PRIMARY KEY, head TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS commits (sha TEXT PRIMARY KEY, branch TEXT NOT NULL, parent TEXT NOT NULL, trailer TEXT NOT NULL, token INTEGER NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS commits_trailer ON commits (trailer);
CREATE TABLE IF NOT EXISTS found (trailer TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS turns (task TEXT NOT NULL, attempt INTEGER NOT NULL, token INTEGER NOT NULL, ended INTEGER NOT NULL DEFAULT 0) STRICT;
`;

/** Opens the file of effects. Not durable over a loss of power, but over kills of processes. */
export function openEffects(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  db.exec(schema);
  return db;
}

/** The trailer that ties a commit to one attempt. */
export function trailerOf(task: string, attempt: number): string {
  return `${task}/${attempt}`;
}

/** Git as the loop's verbs, on the file of effects. */
export function createFakeGit(db: DatabaseSync, random: Seeded): GitOperations {
  const addBranch = db.prepare("INSERT OR IGNORE INTO branches (name, head) VALUES (?, 'base')");
  const headOf = db.prepare("SELECT head FROM branches WHERE name = ?");
  const moveHead = db.prepare("UPDATE branches SET head = ? WHERE name = ? AND head = ?");
  const addCommit = db.prepare("INSERT INTO commits (sha, branch, parent, trailer, token) VALUES (?, ?, ?, ?, ?)");
  const byTrailer = db.prepare("SELECT sha FROM commits WHERE trailer = ?");
  const addFound = db.prepare("INSERT INTO found (trailer) VALUES (?)");
  const head = (branch: string): string => String(headOf.get(branch)?.["head"]);
  const commit = (branch: string, parent: string, { task, attempt, token }: LeasedTask): string => {
    const sha = randomUUID();
    db.exec("BEGIN IMMEDIATE");
    const isMoved = moveHead.run(sha, branch, parent).changes === 1;
    if (isMoved) addCommit.run(sha, branch, parent, trailerOf(task.id, attempt.number), token);
    db.exec("COMMIT");
    if (!isMoved) throw new TaskMasterError("GIT_FAILED", "The branch has moved while the commit was made.", { retryable: true });
    return sha;
  };
  return {
    isClean: () => delay(random.between(0, 1), true),
    branch: async ({ task, continues }) => {
      await delay(random.between(0, 2));
      const name = `tm/${task.id}`;
      addBranch.run(name);
      return continues?.workspace ?? { repository: task.repository, worktree: `/worktrees/${task.id}`, branch: name, baseSha: "base", startSha: head(name) };
    },
    changes: () => Promise.resolve(["a.txt"]),
    push: () => Promise.resolve({ pushed: false }),
    commitAndPush: async (leased, { branch }) => {
      const parent = head(branch);
      const [earlier] = byTrailer.all(trailerOf(leased.task.id, leased.attempt.number));
      await delay(random.between(0, 3));
      if (earlier !== undefined) addFound.run(trailerOf(leased.task.id, leased.attempt.number));
      const sha = earlier === undefined ? commit(branch, parent, leased) : String(earlier["sha"]);
      await delay(random.between(0, 2));
      return { commits: [sha], files: ["a.txt"] };
    },
    cleanup: () => delay(random.between(0, 1), {}),
  };
}

/** An agent that works for some milliseconds, streams what it does, heeds pause and cancel, and fails now and then. */
export function createFakeAgent(db: DatabaseSync, random: Seeded): AgentRunner {
  const begin = db.prepare("INSERT INTO turns (task, attempt, token) VALUES (?, ?, ?)");
  const end = db.prepare("UPDATE turns SET ended = 1 WHERE rowid = ?");
  return {
    run: ({ task, attempt, token }, _workspace, { sessionId = `session-${task.id}-${attempt.number}` }, observer) => {
      const gate = new Gate();
      const controller = new AbortController();
      const work = async (): Promise<{ sessionId: string; finalMessage: string }> => {
        const row = begin.run(task.id, attempt.number, token).lastInsertRowid;
        observer.onEvents?.([{ type: "checkpoint", step: "session", data: { sessionId } }]);
        for (let piece = 0; piece < 3; piece++) {
          await gate.passed(controller.signal);
          await delay(random.between(0, 5), undefined, { signal: controller.signal });
          observer.onEvents?.([{ type: "message", role: "agent", messageId: "m", text: `${piece}` }]);
        }
        await gate.passed(controller.signal);
        if (random.chance(0.06)) throw new TaskMasterError("WORKER_FAILED", "The worker is gone.", { retryable: true });
        if (random.chance(0.03)) throw new TaskMasterError("GOOSE_REFUSED", "Goose refused.");
        end.run(row);
        return { sessionId, finalMessage: "I changed the file." };
      };
      return {
        result: work().catch((thrown: unknown) => {
          throw controller.signal.aborted ? cancelledError("ended") : thrown;
        }),
        tell: () => undefined,
        pause: () => gate.close(),
        resume: () => gate.open(),
        cancel: (reason) => controller.abort(cancelledError(reason)),
      };
    },
  };
}
