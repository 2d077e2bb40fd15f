import { realpath } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { TaskMasterError, toTaskMasterError } from "../../model/errors.ts";
import type { HandlerInput, HandlerOutput } from "../../protocol/handlers.ts";
import { markerName } from "../process/environment.ts";
import { guard } from "../process/guard.ts";
import { killMarked, newMarker } from "../process/marker.ts";
import type { Warn } from "./commit.ts";
import { redactUrl } from "./gitErrors.ts";
import type { HardenedGit } from "./hardenedGit.ts";
import { findBranch, openRepository } from "./repository.ts";
import type { Repository } from "./repository.ts";

/** Before a failure of the network is tried again, in milliseconds. */
const retryDelaysMs = [1_000, 4_000];
/** A push that takes longer hangs. */
const timeoutMs = 10 * 60_000;
const maxOutputBytes = 1024 * 1024;
const maxReason = 500;

/** What git may use, whatever any configuration allows; `ext::` and other helpers would run programs that the repository names. */
const protocols = "https:ssh:file";

/** How often and how long; tests are quicker. */
export interface PushPatience {
  readonly retryDelaysMs: readonly number[];
}

/**
 * Sends the branch's commit to the same name at the remote, never by force; again is a no-op. Failures are answers: the
 * commit is safe here, and the reason goes to the user.
 * @throws only the reason of the signal
 */
export async function pushBranch(
  { run, workspace, remote }: HandlerInput<"git.push">,
  { signal, warn }: { readonly signal: AbortSignal; readonly warn: Warn },
  patience: PushPatience = { retryDelaysMs },
): Promise<HandlerOutput<"git.push">> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const mark = newMarker(run);
  try {
    const repository = await openRepository(workspace.repository, signal);
    await checkRemote(repository, remote);
    const found = await findBranch(repository.git, workspace.branch);
    if (found === undefined) throw new TaskMasterError("GIT_CONFLICT", `The branch ${workspace.branch} is gone.`);
    const environment = { GIT_ALLOW_PROTOCOL: protocols, [markerName]: mark.value };
    const git = await networkGit(repository.git.with({ environment, signal: AbortSignal.any([signal, timeout]) }), remote);
    // By commit and full name: nothing that a configuration says of branches, tags or "HEAD" has a part in it.
    const refspec = `${found.head}:refs/heads/${workspace.branch}`;
    await withRetries((args) => git.run(args, { maxOutputBytes }), { remote, refspec, signal, warn, patience });
    // Not swept: a credential cache or an ssh master that it started is there to stay.
    guard.dropMarker(mark.value);
    return { pushed: true };
  } catch (thrown) {
    // A git that is interrupted leaves its helpers and the hooks of a remote on this machine behind.
    await killMarked(mark, []);
    signal.throwIfAborted();
    if (timeout.aborted) return { pushed: false, reason: `${remote} took longer than ${timeoutMs / 60_000} minutes.` };
    return { pushed: false, reason: explain(toTaskMasterError(thrown), remote) };
  }
}

async function checkRemote({ git, root }: Repository, remote: string): Promise<void> {
  const remotes = (await git.run(["remote"])).split("\n").filter((name) => name !== "");
  if (!remotes.includes(remote)) {
    const known = remotes.length === 0 ? "It has none." : `It has: ${remotes.slice(0, 10).join(", ")}.`;
    throw new TaskMasterError("INVALID_INPUT", `The repository has no remote "${remote}". ${known} Change taskMaster.git.pushRemote or add the remote.`);
  }
  const urls = (await git.run(["remote", "get-url", "--push", "--all", remote])).split("\n").filter((url) => url !== "");
  for (const url of urls) {
    // A repository inside the checkout came with it, hooks included; git would run them.
    if (isInside(root, await localPath(url, root))) {
      throw new TaskMasterError("GIT_UNSAFE", `The remote "${remote}" (${redactUrl(url)}) lies inside the checkout itself.`);
    }
  }
}

/** The folder that a remote of this machine is in; undefined for one that is reached by a network. */
async function localPath(url: string, root: string): Promise<string | undefined> {
  const isFile = /^file:\/\//i.test(url);
  if (!isFile && !path.isAbsolute(url) && /^[^/]+:/.test(url)) return undefined;
  const folder = path.resolve(root, isFile ? url.replace(/^file:\/\/[^/]*/i, "") : url);
  return realpath(folder).catch(() => folder);
}

function isInside(root: string, folder: string | undefined): boolean {
  if (folder === undefined) return false;
  const relative = path.relative(root, folder);
  return relative === "" || !(relative.startsWith("..") || path.isAbsolute(relative));
}

/** Git for the network: no questions, no other transports, nothing of the configuration that would change what is sent. */
async function networkGit(git: HardenedGit, remote: string): Promise<HardenedGit> {
  const { stdout } = await git.ask(["config", "--get", "core.sshCommand"], { accept: [0, 1] });
  const ssh = stdout.trim() === "" ? "ssh" : stdout.trim();
  const isOpenSsh = !/plink/i.test(ssh); // PuTTY's knows neither -o nor questions of this kind
  return git.with({
    config: [
      ...(git.setup.config ?? []),
      `core.sshCommand=${isOpenSsh ? `${ssh} -o BatchMode=yes -o ConnectTimeout=30` : ssh}`,
      `remote.${remote}.mirror=false`,
      "push.pushOption=",
      "http.lowSpeedLimit=1",
      "http.lowSpeedTime=60",
    ],
  });
}

interface Push {
  readonly remote: string;
  readonly refspec: string;
  readonly signal: AbortSignal;
  readonly warn: Warn;
  readonly patience: PushPatience;
}

async function withRetries(run: (args: readonly string[]) => Promise<unknown>, { remote, refspec, signal, warn, patience }: Push): Promise<void> {
  const args = ["push", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no", "--no-progress", "--", remote, refspec];
  for (let attempt = 0; ; attempt++) {
    try {
      await run(args);
      return;
    } catch (thrown) {
      signal.throwIfAborted();
      const waitMs = patience.retryDelaysMs[attempt];
      const error = toTaskMasterError(thrown);
      if (waitMs === undefined || !isTransient(error)) throw error;
      warn(`The push to ${remote} did not get through and is tried again: ${explain(error, remote)}`);
      await delay(waitMs, undefined, { signal });
    }
  }
}

/** Git's words, and those of libcurl and ssh behind it. */
const transient =
  /could not resolve host|temporary failure in name resolution|failed to connect|couldn't connect|connection (was )?(refused|reset|closed|aborted)|connect to host .* port|timed out|operation too slow|network is unreachable|no route to host|the remote end hung up|early EOF|unexpected disconnect|recv failure|send failure|kex_exchange_identification|requested URL returned error: (429|5\d\d)|RPC failed/i;
const refused =
  /\[(?:remote )?rejected\]|pre-receive hook declined|permission denied|authentication failed|could not read (username|password)|host key verification/i;

function isTransient({ details = "" }: TaskMasterError): boolean {
  return transient.test(details) && !refused.test(details);
}

/** In a line what kept the branch from the remote, in words that say what to do where we know it. */
function explain(error: TaskMasterError, remote: string): string {
  const words = error.details ?? "";
  const hook = [...words.matchAll(/^remote: (.*\S)/gm)].map(([, text]) => text).join(" ");
  const said = hook === "" ? "" : ` It said: ${hook}`;
  const [reason] = reasons.filter(([pattern]) => pattern.test(words)).map(([, text]) => text(remote));
  return oneLine((reason ?? error.message) + said);
}

const reasons: readonly (readonly [pattern: RegExp, text: (remote: string) => string])[] = [
  [/hook declined/i, (remote) => `${remote} declined it by a hook.`],
  [
    /non-fast-forward|fetch first|\[rejected\]/i,
    (remote) => `${remote} has other commits on a branch of this name. Fetch it, bring them together and push by hand; nothing is ever forced.`,
  ],
  [/\[remote rejected\]/i, (remote) => `${remote} rejected the branch.`],
  [
    /authentication failed|could not read (username|password)|permission denied|returned error: 40[13]|host key verification/i,
    (remote) => `${remote} did not let us in. Push once by hand, so that git and ssh know key and host; no questions can be asked here.`,
  ],
  [/does not appear to be a git repository|repository .* not found|returned error: 404/i, (remote) => `There is no repository at the address of ${remote}.`],
  [/transport '.*' not allowed/i, (remote) => `The address of ${remote} uses a transport that is not allowed; https, ssh and file are.`],
  [transient, (remote) => `${remote} could not be reached.`],
];

function oneLine(text: string): string {
  const line = text
    .replace(/\p{Cc}+/gu, " ")
    .replace(/\s+/g, " ")
    .trim();
  return line.length > maxReason ? `${line.slice(0, maxReason)}…` : line;
}
