/** Kills the extension host of a real VS Code at random points of a task that real Goose works on, and looks each time what is left and what the user sees. */
import { setTimeout as delay } from "node:timers/promises";
import { markerName } from "../../src/worker/process/environment.ts";
import { Session } from "../e2e/session.ts";
import { processesWithMarker, waitFor } from "../helpers/leakCheck.ts";
import { messageText, type ModelScript } from "../helpers/modelScript.ts";
import type { Workbench } from "../helpers/vscodeHost/workbench.ts";
import { Seeded } from "./seeded.ts";

/** How many hosts to kill. */
export interface HostKillOptions {
  readonly kills: number;
  readonly seed: number;
  /** Takes one line of progress. */
  readonly say?: (line: string) => void;
}

/** One kill and what it met. */
export interface HostKill {
  readonly at: "anywhere" | "in the tool's commands";
  /** What of the task was alive when the host was killed. */
  readonly alive: number;
  /** What the tree showed afterwards. */
  readonly status: string;
  /** The one line that tells of it; absent when the task had not begun. */
  readonly reason?: string;
  readonly violations: readonly string[];
}

interface Entry {
  readonly type: string;
  readonly event: { readonly type: string; readonly reason?: string; readonly isInterrupted?: true };
}

const deadAfterMs = 5_000;

/** Opens one window and kills its host again and again, each time with a new task. */
export async function killHosts({ kills, seed, say = () => undefined }: HostKillOptions): Promise<readonly HostKill[]> {
  const random = new Seeded(seed);
  const calm = new Set<string>();
  const session = await Session.start({ script: scriptFor(calm) });
  const results: HostKill[] = [];
  try {
    const window = await session.open();
    await window.openContainer("Task Master");
    for (let round = 1; round <= kills; round++) {
      const result = await killOnce({ session, window, random, calm }, `Chaos task ${round}.`);
      results.push(result);
      say(`${round}: killed ${result.at}, ${result.alive} processes; ${result.status}; ${result.reason ?? "not begun"} ${result.violations.join("; ")}`);
    }
  } finally {
    await session.stop();
  }
  return results;
}

/** Works without end until the task's host was killed; then it writes its last file and is done. */
function scriptFor(calm: ReadonlySet<string>): ModelScript {
  return ({ messages }) => {
    const user = messages.filter(({ role }) => role === "user").map(messageText);
    const title = user.map((text) => /Chaos task \d+\./.exec(text)?.[0]).find((found) => found !== undefined) ?? "";
    const called = messages.flatMap(({ tool_calls = [] }) => tool_calls ?? []).map((call) => call.function.arguments);
    if (calm.has(title)) {
      if (called.some((text) => text.includes("second.txt"))) return { kind: "text", text: "Both files are there." };
      return { kind: "tools", calls: [{ name: "write", arguments: { path: "second.txt", content: "2\n" } }] };
    }
    if (called.length === 0) return { kind: "tools", calls: [{ name: "write", arguments: { path: "first.txt", content: "1\n" } }] };
    return { kind: "tools", calls: [{ name: "shell", arguments: { command: "sleep 631 & setsid sleep 632 & sleep 633; wait" } }] };
  };
}

interface Scene {
  readonly session: Session;
  readonly window: Workbench;
  readonly random: Seeded;
  readonly calm: Set<string>;
}

async function killOnce({ session, window, random, calm }: Scene, title: string): Promise<HostKill> {
  const violations: string[] = [];
  const check = (holds: boolean, what: string): void => void (holds || violations.push(what));
  session.cli("add", title);
  await window.rows(title).filter({ hasText: "ready" }).waitFor({ timeout: 60_000 });
  await window.runCommand("Task Master: Run Next Task");
  const at = random.chance(0.4) ? "in the tool's commands" : "anywhere";
  if (at === "anywhere") await delay(random.between(0, 2_500));
  else await waitFor(async () => (await ofTheTask(session)).length >= 4, { what: "Goose and its commands", timeoutMs: 30_000 });
  const [host] = await session.server.extensionHosts();
  process.kill(host as number, "SIGKILL");
  const alive = (await ofTheTask(session)).length;
  calm.add(title);
  await waitFor(async () => (await ofTheTask(session)).length === 0, { what: "the end of all", timeoutMs: deadAfterMs }).catch(() => undefined);
  for (const left of await ofTheTask(session)) violations.push(`alive after ${deadAfterMs} ms: ${left}`);
  // VS Code restarts a host that crashed three times at most; a window that is loaded again has one of its own.
  await window.reload(); // with the side bar as it was
  const row = window.rows(title).filter({ hasText: /paused|ready/ });
  await row.waitFor({ timeout: 60_000 });
  const status = (await row.innerText()).includes("paused") ? "paused" : "ready";
  const id = idOf(session, title);
  const told = journal(session, id);
  const pauses = told.filter(({ event }) => event.type === "paused");
  const begun = told.some(({ event }) => event.type === "started");
  const reason = pauses[0]?.event.reason;
  check(status === (begun ? "paused" : "ready"), `is ${status}, its journal ${begun ? "tells" : "tells nothing"} of a start`);
  check(pauses.length === (begun ? 1 : 0), `${pauses.length} pauses in the journal`);
  if (begun) check(pauses[0]?.event.isInterrupted === true && /is gone \(a crash, a kill or a restart\); [^\n]+$/.test(reason ?? ""), `told as: ${reason}`);
  if (begun) await window.clickInlineAction(title, "Resume");
  else await window.runCommand("Task Master: Run Next Task");
  await window.rows(title).filter({ hasText: "done" }).waitFor({ timeout: 60_000 });
  const task = JSON.parse(session.cli("show", id, "--json")) as { branch: string; attempts: unknown[] };
  check(task.attempts.length === 1, `${task.attempts.length} attempts`);
  check(session.repo.git("ls-tree", "--name-only", task.branch).includes("second.txt"), "the work is not on its branch");
  check(session.repo.git("log", "--format=%(trailers:key=Task-Master-Id,valueonly)", task.branch).trim() === `${id}/1`, "not one commit of the task");
  check(session.repo.git("worktree", "list").split("\n").length === 1, "a worktree is left");
  check((await ofTheTask(session)).length === 0, "a process is left after the end");
  return { at, alive, status, ...(reason === undefined ? {} : { reason }), violations };
}

/** Goose, its commands, and whatever else carries the mark of a run. */
async function ofTheTask(session: Session): Promise<string[]> {
  const own = await processesWithMarker(session.home.dir);
  const marked = new Set((await processesWithMarker(`${markerName}=`)).map(({ pid }) => pid));
  return own.filter(({ pid, args }) => marked.has(pid) || /^sleep 63[123]$|goose acp$/.test(args)).map(({ args }) => args);
}

function idOf(session: Session, title: string): string {
  const tasks = session.cli("list", "--json").trim().split("\n");
  const row = tasks.find((line) => line.includes(`"${title}"`)) ?? "";
  return /"id":"([0-9a-hjkmnp-tv-z]{8})"/.exec(row)?.[1] ?? "";
}

function journal(session: Session, id: string): Entry[] {
  const lines = session.cli("logs", id, "--json").trim().split("\n");
  return lines.map((line) => JSON.parse(line) as Entry).filter(({ type }) => type === "event");
}
