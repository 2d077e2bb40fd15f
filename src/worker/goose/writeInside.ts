import { constants, existsSync } from "node:fs";
import { lstat, mkdir, open, realpath, unlink, type FileHandle } from "node:fs/promises";
import path from "node:path";
import { RequestError } from "@agentclientprotocol/sdk";
import { invalidParams } from "./worktreePath.ts";

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const openFolders = "/proc/self/fd";

/**
 * Writes a file below a folder, by names that are no links. A name that a command turns into a link at this very moment is not
 * followed: where the system has handles of folders by path, every step is taken from the folder before it, elsewhere it is looked
 * at again behind the opening. A file that has other names, maybe outside, is replaced instead of overwritten.
 */
export async function writeInside(root: string, parts: readonly string[], content: string): Promise<void> {
  const name = parts.at(-1);
  if (name === undefined) throw new RequestError(invalidParams, "this is a folder");
  if (!existsSync(openFolders)) return writeLookingBack(root, parts, content);
  let folder = await open(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (const next of parts.slice(0, -1)) {
      const entered = await enter(folder, next);
      await folder.close();
      folder = entered;
    }
    await write(`${openFolders}/${folder.fd}/${name}`, content);
  } finally {
    await folder.close();
  }
}

async function enter(folder: FileHandle, name: string): Promise<FileHandle> {
  const file = `${openFolders}/${folder.fd}/${name}`;
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  try {
    return await open(file, flags);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
  }
  await mkdir(file);
  return open(file, flags);
}

async function write(file: string, content: string): Promise<void> {
  const handle = await openFile(file);
  try {
    await handle.truncate(0);
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
}

/** Opens without a change; a pipe or device is refused, another name of the file given up. */
async function openFile(file: string): Promise<FileHandle> {
  const flags = O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK;
  const handle = await open(file, flags);
  const info = await handle.stat();
  if (info.isFile() && info.nlink <= 1) return handle;
  await handle.close();
  if (!info.isFile()) throw new RequestError(invalidParams, "this is not a file");
  await unlink(file);
  return open(file, flags | O_EXCL, info.mode & 0o777);
}

/** Without handles of folders: a link made meanwhile is noticed before anything is written; an empty file may be left behind it. */
async function writeLookingBack(root: string, parts: readonly string[], content: string): Promise<void> {
  const file = path.join(root, ...parts);
  await mkdir(path.dirname(file), { recursive: true });
  await assertNoLink(path.dirname(file));
  const handle = await openFile(file);
  try {
    await assertNoLink(path.dirname(file));
    const [opened, named] = await Promise.all([handle.stat(), lstat(file)]);
    if (opened.ino !== named.ino || opened.dev !== named.dev) throw changing();
    await handle.truncate(0);
    await handle.writeFile(content);
  } finally {
    await handle.close();
  }
}

async function assertNoLink(folder: string): Promise<void> {
  if ((await realpath(folder)) !== folder) throw changing();
}

function changing(): RequestError {
  return new RequestError(invalidParams, "the way to the file was changed while it was written");
}
