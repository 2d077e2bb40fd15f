import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** A folder that is removed by dispose() (or by `using`). */
export interface TempDir extends Disposable {
  /** Absolute path without symbolic links. */
  readonly dir: string;
  /** Writes a text file below the folder, with its parent folders, and returns its absolute path. */
  write(relativePath: string, text: string): string;
  dispose(): void;
}

/** A git repository in a temporary folder. */
export interface TempRepo extends TempDir {
  /** Runs git in the repository and returns stdout without the last line break; throws with git's message. */
  git(...args: string[]): string;
}

/** How the repository is made. */
export interface TempRepoOptions {
  /** Commit the files (default true); false leaves an unborn branch with untracked files. */
  readonly commit?: boolean;
  /** Set user.name and user.email in the repository (default true); false also stops git from guessing them. */
  readonly identity?: boolean;
  /** Path -> text (default: a README.md). */
  readonly files?: Readonly<Record<string, string>>;
  /** Name of the first branch (default main). */
  readonly branch?: string;
}

/** Makes an empty temporary folder. */
export function createTempDir(prefix = "task-master-"): TempDir {
  // realpath: macOS has its temporary folder behind a link, and git reports real paths.
  const dir = realpathSync(mkdtempSync(path.join(realpathSync(tmpdir()), prefix)));
  const dispose = (): void => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  const write = (relativePath: string, text: string): string => {
    const file = path.join(dir, relativePath);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  };
  return { dir, write, dispose, [Symbol.dispose]: dispose };
}

/** Makes a git repository that depends on no configuration of the machine. */
export function createTempRepo(options: TempRepoOptions = {}): TempRepo {
  const { commit = true, identity = true, files = { "README.md": "# Test\n" }, branch = "main" } = options;
  const folder = createTempDir("task-master-repo-");
  const git = (...args: string[]): string => runGit(folder.dir, args);
  git("init", "--quiet", `--initial-branch=${branch}`);
  git("config", "commit.gpgsign", "false");
  git("config", "gc.auto", "0");
  if (identity) {
    git("config", "user.name", "Test");
    git("config", "user.email", "test@example.invalid");
  } else git("config", "user.useConfigOnly", "true");
  for (const [file, text] of Object.entries(files)) folder.write(file, text);
  if (commit) {
    git("add", "--all");
    git("-c", "user.name=Test", "-c", "user.email=test@example.invalid", "commit", "--quiet", "--allow-empty", "--message=Initial commit");
  }
  return { ...folder, git };
}

function runGit(cwd: string, args: readonly string[]): string {
  // GIT_DIR and its like are set while a git hook runs the tests; they would lead git out of the folder.
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("GIT_"));
  const env = {
    ...Object.fromEntries(inherited),
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    LC_ALL: "C",
  };
  return execFileSync("git", args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }).replace(/\n$/, "");
}
