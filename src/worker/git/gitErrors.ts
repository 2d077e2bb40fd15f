import { GitError } from "simple-git";
import { TaskMasterError } from "../../model/errors.ts";
import type { ErrorCode } from "../../model/errors.ts";

const maxDetails = 4_096;

/** A git process that ended with an exit code which its caller did not expect. */
export class GitCommandFailure extends GitError {
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(exitCode: number | null, stderr: string) {
    super(undefined, stderr);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

interface Rule {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: (directory: string) => string;
}

const rules: readonly Rule[] = [
  {
    pattern: /dubious ownership/,
    code: "GIT_UNSAFE",
    message: (directory) =>
      `The repository at ${directory} belongs to another user, so Git refuses to work in it. If you trust it, run: git config --global --add safe.directory "${directory}"`,
  },
  {
    pattern: /not a git repository/i,
    code: "NOT_A_REPOSITORY",
    message: (directory) => `${directory} is not in a Git repository. Run "git init" there and make a first commit.`,
  },
  {
    pattern: /must be run in a work tree|safe\.bareRepository/,
    code: "BARE_REPOSITORY",
    message: (directory) => `${directory} has no files checked out (a bare repository or the inside of .git). Open a checkout of it instead.`,
  },
  {
    pattern: /tell me who you are|empty ident name|unable to auto-detect|no (name|email) was given|useConfigOnly|ident name consists only/i,
    code: "NO_IDENTITY",
    message: () =>
      'Git does not know who makes the commits. Run: git config --global user.name "Your Name" and git config --global user.email you@example.com, or set taskMaster.git.author.',
  },
  {
    pattern: /xcode-select|xcrun: error/,
    code: "GIT_NOT_FOUND",
    message: () => "Git is not installed: macOS only has its placeholder. Run: xcode-select --install",
  },
  { pattern: /No space left on device|Disk quota exceeded/i, code: "DISK_FULL", message: () => "The disk is full. Free some space and try again." },
  {
    pattern: /Read-only file system|could not create leading directories/,
    code: "NO_FOLDER",
    message: (directory) =>
      `Git cannot write what the task needs for ${directory}: see that its repository and the folder of Task Master can be written to, then Retry the task.`,
  },
  {
    pattern: /is not a valid (branch|ref) name|refusing to update ref with bad name|not a valid ref(name)?$/im,
    code: "INVALID_INPUT",
    message: () => "The branch name is not one that Git accepts. Change the branch prefix (taskMaster.git.branchPrefix).",
  },
];

// The last two: another process makes or removes a worktree while git reads the list of them.
const lockPattern =
  /Unable to create '(.*\.lock)': File exists|could not lock config file .*: File exists|failed to read \S*worktrees\/\S+|Invalid path '\S*worktrees\/\S+': No such file/;

/** Whether another git process was in the way, so that the same command may succeed in a moment. */
export function isLockContention(error: unknown): error is GitCommandFailure {
  return error instanceof GitCommandFailure && lockPattern.test(error.stderr);
}

/** The lock file that was in the way, when git named one. */
export function contendedLock(error: GitCommandFailure): string | undefined {
  return lockPattern.exec(error.stderr)?.[1];
}

/** The failure of a command as an error with a code, a message that says what to do, and git's words as details. */
export function explainFailure(error: GitCommandFailure, verb: string, directory: string): TaskMasterError {
  const details = redactCredentials(error.stderr).slice(-maxDetails);
  const rule = rules.find(({ pattern }) => pattern.test(error.stderr));
  if (rule !== undefined) return new TaskMasterError(rule.code, rule.message(directory), { details, retryable: rule.code === "DISK_FULL" });
  if (lockPattern.test(error.stderr)) {
    const lock = contendedLock(error);
    const advice = lock === undefined ? "" : ` If no other Git is running, delete ${lock}.`;
    return new TaskMasterError("GIT_FAILED", `Another Git process is busy in this repository.${advice}`, { details, retryable: true });
  }
  const reason = firstReason(details) ?? `exit code ${String(error.exitCode)}`;
  return new TaskMasterError("GIT_FAILED", `git ${verb} failed: ${reason}`, { details });
}

function firstReason(stderr: string): string | undefined {
  const lines = stderr.split("\n").map((line) => line.trim());
  const line = lines.find((text) => /^(fatal|error):/.test(text)) ?? lines.find((text) => text !== "");
  return line?.replace(/^(fatal|error):\s*/, "").slice(0, 300);
}

/** Remotes may carry a token in their URL. */
function redactCredentials(text: string): string {
  return text.replace(/(\w+:\/\/)[^/@\s]+@/g, "$1***@");
}

/** The URL of a remote without anything that could be a secret: who logs in, and what follows the path. */
export function redactUrl(url: string): string {
  return redactCredentials(url).replace(/[?#].*$/s, "");
}
