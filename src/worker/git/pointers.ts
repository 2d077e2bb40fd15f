/** The files by which git finds a repository, read without git and without following links. */
import { lstatSync } from "node:fs";
import { lstat, readFile, realpath } from "node:fs/promises";
import path from "node:path";

const maxPointer = 8_192;

/** Where the file `.git` of a folder leads; undefined when it is none. */
export async function readPointer(folder: string): Promise<string | undefined> {
  const file = path.join(folder, ".git");
  const found = await lstat(file).catch(() => undefined);
  if (found?.isFile() !== true || found.size >= maxPointer) return undefined;
  const pointer = /^gitdir: (.*)$/.exec(((await readText(file)) ?? "").trim())?.[1];
  return pointer === undefined ? undefined : path.resolve(folder, pointer);
}

/** The common directory of the repository whose checkout has its top here; undefined when only git could say. */
export async function readCommonDir(root: string): Promise<string | undefined> {
  const inside = path.join(root, ".git");
  const isFolder = (await lstat(inside).catch(() => undefined))?.isDirectory() === true;
  const gitDir = isFolder ? inside : await readPointer(root);
  if (gitDir === undefined) return undefined;
  const shared = (await readText(path.join(gitDir, "commondir")))?.trim();
  return realpath(shared === undefined ? gitDir : path.resolve(gitDir, shared)).catch(() => undefined);
}

/** Changes whenever anybody writes the repository's `config` file; undefined when it is no plain file. At once: git waits for it. */
export function stampConfig(commonDir: string): string | undefined {
  try {
    const found = lstatSync(path.join(commonDir, "config"), { bigint: true });
    return found.isFile() ? [commonDir, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(" ") : undefined;
  } catch {
    return undefined;
  }
}

/** The text of a file; undefined when it cannot be read. */
export async function readText(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch(() => undefined);
}
