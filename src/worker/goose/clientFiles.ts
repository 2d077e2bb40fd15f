/** The file system as Goose's write, edit and read tools see it through us: the worktree, without git's own files. */
import { readFile, stat } from "node:fs/promises";
import { RequestError, type ReadTextFileRequest, type WriteTextFileRequest } from "@agentclientprotocol/sdk";
import { invalidParams, resolveInWorktree, rethrow } from "./worktreePath.ts";
import { writeInside } from "./writeInside.ts";

const notFound = -32002;

/** Larger files are not read for the agent. */
const maxReadBytes = 16 * 1024 * 1024;

/** Reads a text file of the worktree. Rejects with RequestError, which becomes the answer to Goose. */
export async function readClientFile(worktree: string, { path: file, line, limit }: ReadTextFileRequest): Promise<{ content: string }> {
  const { real } = await resolveInWorktree(worktree, file);
  const info = await stat(real).catch(() => undefined);
  if (info === undefined) throw new RequestError(notFound, `there is no file ${file}`);
  if (!info.isFile()) throw new RequestError(invalidParams, `${file} is not a file`);
  if (info.size > maxReadBytes) throw new RequestError(invalidParams, `${file} is larger than ${maxReadBytes} bytes`);
  const text = await readFile(real, "utf8").catch(rethrow);
  const start = Math.max(0, (line ?? 1) - 1);
  if (start === 0 && typeof limit !== "number") return { content: text };
  return {
    content: text
      .split("\n")
      .slice(start, typeof limit === "number" ? start + limit : undefined)
      .join("\n"),
  };
}

/** Writes a text file of the worktree, with its folders. `isOver` is asked last: after the end of a run nothing is written. */
export async function writeClientFile(worktree: string, { path: file, content }: WriteTextFileRequest, isOver: () => boolean): Promise<Record<string, never>> {
  const { root, parts } = await resolveInWorktree(worktree, file);
  if (parts.length === 0) throw new RequestError(invalidParams, `${file} is a folder`);
  if (parts.some(isGitFolder)) throw new RequestError(invalidParams, "files of git itself cannot be written");
  if (isOver()) throw new RequestError(invalidParams, "the task has ended");
  await writeInside(root, parts, content).catch(rethrow);
  return {};
}

/** File systems know the folder by more names: some ignore case, HFS+ also what is invisible; NTFS knows GIT~1, streams, and drops dots at the end. */
function isGitFolder(part: string): boolean {
  return /^(\.git|git~\d+)[. ]*(:.*)?$/i.test(part.replaceAll(/\p{Cf}/gu, ""));
}
