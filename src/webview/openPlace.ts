import { extensions, Position, Range, Uri, window, workspace } from "vscode";
import type { TaskEngineFacade } from "../engine/facade.ts";
import { TaskMasterError } from "../model/errors.ts";
import type { TaskId } from "../model/ids.ts";
import { findPlace, type Place, type PlaceInJournal } from "./findPlace.ts";

/** Finds a file inside a folder, links followed: undefined when there is none, "outside" when the path leaves the folder. */
export type FindFile = (folder: string, path: string) => Promise<{ readonly real: string } | "outside" | undefined>;

/** What places are looked up with. */
export interface OpenPlaceDeps {
  readonly engine: () => Promise<TaskEngineFacade>;
  readonly findFile: FindFile;
}

/** The part of VS Code's Git extension that shows a file as a branch has it. */
interface GitExtension {
  getAPI(version: 1): { toGitUri(uri: Uri, ref: string): Uri };
}

/**
 * Opens a place that a tool call named, in the task's worktree while there is one; then as the branch has it, then in the
 * repository. The view has only said which place it is; what it is comes from the journal.
 */
export async function openPlace({ engine, findFile }: OpenPlaceDeps, taskId: TaskId, wanted: PlaceInJournal): Promise<void> {
  const place = await findPlace(await engine(), taskId, wanted);
  if (place === undefined) return;
  const document =
    (await inFolder(place.worktree, place.path, findFile)) ?? (await onBranch(place)) ?? (await inFolder(place.repository, place.below, findFile));
  if (document === undefined) {
    throw new TaskMasterError("INVALID_INPUT", `${place.path} is not there: neither worktree nor branch nor repository has it.`);
  }
  await window.showTextDocument(document, { preview: true, ...selectionAt(place.line) });
}

async function inFolder(folder: string | undefined, path: string, findFile: FindFile): Promise<Uri | undefined> {
  const found = folder === undefined ? undefined : await findFile(folder, path);
  if (found === "outside") throw new TaskMasterError("INVALID_INPUT", `${path} is outside the worktree of the task and is not opened.`);
  return found === undefined ? undefined : Uri.file(found.real);
}

/** The document of VS Code's own Git extension, which reads blobs and follows no links; undefined where there is none. */
async function onBranch({ below, branch, repository }: Place): Promise<Uri | undefined> {
  const git = extensions.getExtension<GitExtension>("vscode.git");
  const file = Uri.joinPath(Uri.file(repository), below);
  if (git === undefined || branch === undefined || !file.path.startsWith(`${Uri.file(repository).path}/`)) return undefined;
  try {
    const uri = (await git.activate()).getAPI(1).toGitUri(file, branch);
    // What the branch does not have comes as an empty document.
    return (await workspace.openTextDocument(uri)).getText() === "" ? undefined : uri;
  } catch {
    return undefined;
  }
}

function selectionAt(line: number | undefined): { readonly selection?: Range } {
  if (line === undefined) return {};
  const start = new Position(Math.max(0, line - 1), 0);
  return { selection: new Range(start, start) };
}
