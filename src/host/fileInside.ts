import { realpath, stat } from "node:fs/promises";
import path from "node:path";

/**
 * The file that a path means inside a folder, with every link on the way followed; undefined when it is none or is not there.
 * "outside" when it leaves the folder, by `..`, absolutely or by a link.
 */
export async function fileInside(folder: string, file: string): Promise<{ readonly real: string } | "outside" | undefined> {
  if (file.includes("\0")) return undefined;
  try {
    const root = await realpath(folder);
    const wanted = path.resolve(root, file);
    if (!isBelow(root, wanted) && !isBelow(path.resolve(folder), wanted)) return "outside";
    const real = await realpath(wanted);
    if (!isBelow(root, real)) return "outside";
    return (await stat(real)).isFile() ? { real } : undefined;
  } catch {
    return undefined;
  }
}

function isBelow(root: string, file: string): boolean {
  const relative = path.relative(root, file);
  return relative !== "" && relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative);
}
