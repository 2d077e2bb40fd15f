import { home, unknown } from "./shellValues.ts";

/** Where a path leads, by its text alone. `relative` is from the worktree; `name` says the place to a person. */
export type Place =
  | { readonly kind: "inside"; readonly relative: string }
  | { readonly kind: "temporary" | "device" }
  | { readonly kind: "outside"; readonly name: string }
  /** Only running it would tell; `relative` is what is certain of it. */
  | { readonly kind: "unknown"; readonly relative?: string };

const devices = /^\/dev\/(null|zero|full|random|urandom|tty|stdin|stdout|stderr|fd(\/.*)?)$/;
const temporaries = /^(\/private)?\/(tmp|var\/tmp|var\/folders)\/./;

/** Resolves paths against a worktree and a current folder, both absolute; an unknown folder is undefined. */
export function placeOf(path: string, cwd: string | undefined, worktree: string): Place {
  const full = fullPath(path, cwd);
  if (full === undefined) return { kind: "unknown" };
  const name = full.replace(home, "~").replaceAll(unknown, "…");
  if (full.startsWith(home)) return { kind: "outside", name };
  const root = slashed(worktree);
  if (full.includes(unknown)) return partlyKnown(full, root) ?? { kind: "outside", name };
  if (full === root) return { kind: "inside", relative: "" };
  if (full.startsWith(`${root}/`)) return { kind: "inside", relative: full.slice(root.length + 1) };
  if (devices.test(full)) return { kind: "device" };
  return isTemporary(full, root) ? { kind: "temporary" } : { kind: "outside", name };
}

/** What follows an unknown part may lead up again, so that only its beginning counts. */
function partlyKnown(full: string, root: string): Place | undefined {
  const certain = full.split(unknown, 1)[0] ?? "";
  if (temporaries.test(certain) && !root.startsWith(certain) && !full.includes("..")) return { kind: "temporary" };
  if (certain.startsWith(`${root}/`) && leavesFrom(full.slice(root.length + 1))) return undefined;
  if (certain.startsWith(`${root}/`)) return { kind: "unknown", relative: certain.slice(root.length + 1) };
  return root.startsWith(certain) ? { kind: "unknown" } : undefined;
}

/** Whether a path goes up more often than down: something unknown is most likely one name. */
function leavesFrom(relative: string): boolean {
  let depth = 0;
  return relative.split("/").some((part) => (depth += part === ".." ? -1 : 1) < 0);
}

/** What lies beside or above the worktree is not free to be changed, wherever that is, nor is all that is temporary. */
function isTemporary(full: string, root: string): boolean {
  const last = full.split("/").at(-1) ?? "";
  return temporaries.test(full) && !root.startsWith(`${full}/`) && !full.startsWith(root.slice(0, root.lastIndexOf("/") + 1)) && !/^[*?[]/.test(last);
}

/** The absolute path without `.`, `..` and doubled slashes; undefined when it begins nowhere in particular. */
export function fullPath(path: string, cwd: string | undefined): string | undefined {
  const text = slashed(path);
  if (text.startsWith(unknown)) return undefined;
  if (text.startsWith(home)) return normal(text);
  if (text.startsWith("/") || /^[A-Za-z]:\//.test(text)) return normal(text);
  return cwd === undefined ? undefined : normal(`${cwd}/${text}`);
}

function normal(path: string): string {
  const absolute = path.startsWith("/") ? "/" : "";
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    // Above home is still somebody's place outside, and behind something unknown nothing can be taken back, nor what goes up from there.
    const last = parts.at(-1);
    if (part === ".." && last !== home && last !== ".." && last?.includes(unknown) !== true) parts.pop();
    else parts.push(part);
  }
  return absolute + parts.join("/");
}

/** Windows knows both slashes; a path with a drive has the other one. */
function slashed(path: string): string {
  return /^[A-Za-z]:[\\/]/.test(path) ? path.replaceAll("\\", "/") : path;
}
