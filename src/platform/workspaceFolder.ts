import { FileType, RelativePattern, Uri, window, workspace } from "vscode";
import { Emitter, type Disposable, type Event } from "../base/event.ts";

/** The first folder of the window that lies on this machine's disk. */
export function workingFolder(): Uri | undefined {
  return workspace.workspaceFolders?.find((folder) => folder.uri.scheme === "file")?.uri;
}

/** Whether the folder or one above it holds a `.git`, seen without starting git. */
export async function hasGitFolder(folder: Uri): Promise<boolean> {
  for (let at = folder; ; at = Uri.joinPath(at, "..")) {
    if (await exists(Uri.joinPath(at, ".git"))) return true;
    if (at.path === "/" || at.path === Uri.joinPath(at, "..").path) return false;
  }
}

/** Follows whether the working folder is in a git repository: `git init` needs no reload. */
export class RepositoryWatch implements Disposable {
  readonly #changes = new Emitter<{ readonly hasRepository: boolean; readonly isFirst: boolean }>();
  readonly #subscriptions: Disposable[] = [];
  #hasRepository: boolean | undefined;

  /** The first answer and every other one after it. */
  readonly onDidChange: Event<{ readonly hasRepository: boolean; readonly isFirst: boolean }> = this.#changes.event;

  /** Looks for the first time; listeners that come at once hear the answer. */
  constructor() {
    const check = (): void => void this.check();
    check();
    this.#subscriptions.push(window.onDidChangeWindowState(check), workspace.onDidChangeWorkspaceFolders(check));
    const folder = workingFolder();
    if (folder === undefined) return;
    const watcher = workspace.createFileSystemWatcher(new RelativePattern(folder, "{.git,.git/HEAD}"), false, true, false);
    this.#subscriptions.push(watcher, watcher.onDidCreate(check), watcher.onDidDelete(check));
  }

  /** Looks now; listeners hear of a change. */
  async check(): Promise<void> {
    const folder = workingFolder();
    const found = folder !== undefined && (await hasGitFolder(folder));
    if (found !== this.#hasRepository) {
      const isFirst = this.#hasRepository === undefined;
      this.#hasRepository = found;
      this.#changes.fire({ hasRepository: found, isFirst });
    }
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changes.dispose();
  }
}

async function exists(uri: Uri): Promise<boolean> {
  try {
    return (await workspace.fs.stat(uri)).type !== FileType.Unknown;
  } catch {
    return false;
  }
}
