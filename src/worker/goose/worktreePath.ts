import { lstat, realpath } from "node:fs/promises";
import path from "node:path";
import { RequestError } from "@agentclientprotocol/sdk";

/** JSON-RPC: the request cannot be served as it is. Becomes an answer to Goose, not a failure of the run. */
export const invalidParams = -32602;

/** A place inside the worktree, with every link on the way followed. */
export interface WorktreePath {
  readonly real: string;
  /** The worktree itself, its own links followed too. */
  readonly root: string;
  /** Names from the worktree's root down; empty for the root itself. */
  readonly parts: readonly string[];
}

/** Resolves a path that Goose gave. Rejects with RequestError when it leaves the worktree, by `..`, absolutely or by a link. */
export async function resolveInWorktree(worktree: string, file: string): Promise<WorktreePath> {
  if (file.includes("\0")) throw new RequestError(invalidParams, "the path is not valid");
  const root = await realpath(worktree).catch(rethrow);
  const real = await realPlace(path.resolve(root, file)).catch(rethrow);
  const relative = path.relative(root, real);
  if (relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)) {
    throw new RequestError(invalidParams, `${file} is outside the worktree; only what is inside it can be used`);
  }
  return { real, root, parts: relative === "" ? [] : relative.split(path.sep) };
}

/** Any error of the file system as an answer to Goose. */
export function rethrow(error: NodeJS.ErrnoException): never {
  if (error instanceof RequestError) throw error;
  throw new RequestError(invalidParams, error.code === undefined ? error.message : `${error.code}: the file cannot be used`);
}

/** What does not exist yet hangs below the deepest folder that does. */
async function realPlace(file: string): Promise<string> {
  const missing: string[] = [];
  for (let current = file; ; current = path.dirname(current)) {
    try {
      return path.join(await realpath(current), ...missing);
    } catch (error) {
      // A link that leads nowhere must not count as missing: writing through it creates a file wherever it points.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT" || (await isLink(current))) throw error;
    }
    missing.unshift(path.basename(current));
  }
}

async function isLink(file: string): Promise<boolean> {
  return lstat(file).then(
    (info) => info.isSymbolicLink(),
    () => false,
  );
}
