/**
 * Reads a shell command as far as its text tells: what it deletes, writes, sends or runs that must be asked about. It
 * follows variables, substitutions, wrappers (env, xargs, bash -c) and the current folder. It errs on the side of
 * asking: every branch counts as taken, every value that a variable may have counts as had.
 */
import { commandDanger } from "./commandRules.ts";
import type { CommandScene } from "./commandScene.ts";
import { protectedBecause } from "./protectedPaths.ts";
import { assignmentDanger } from "./runningRules.ts";
import { fullPath, placeOf } from "./shellPlaces.ts";
import { parseShell } from "./shellScript.ts";
import { NotUnderstood, TooMuch, type Pipeline, type Redirect, type ShellScript, type ShellWord, type SimpleCommand } from "./shellSyntax.ts";
import { documentOf, expandText, expandWord, expandWords, holdsMarks, printedBy, ShellVariables, unknown } from "./shellValues.ts";
import { textDanger, unmistakableDanger } from "./textDangers.ts";

/** What a command line is asked about, and what it runs. */
export interface CommandReview {
  /** In words that go on "Goose wants to run a command that …". */
  readonly dangers: readonly string[];
  /** Programs, with their subcommand where it matters; undefined when not all of them can be told. */
  readonly programs: readonly string[] | undefined;
}

const maxCommands = 2_000;
/** Commands that each run the next one. */
const maxNesting = 100;

/** Reviews a command line that would run in a worktree (an absolute path). */
export function reviewCommand(text: string, worktree: string): CommandReview {
  if (holdsMarks(text)) return { dangers: ["holds characters that no text needs"], programs: undefined };
  const reviewer = new Reviewer(worktree);
  try {
    reviewer.text(text, { cwd: normalRoot(worktree), variables: new ShellVariables() });
  } catch (thrown) {
    if (!(thrown instanceof NotUnderstood)) throw thrown;
    reviewer.unread(text, thrown);
    return { dangers: [...reviewer.dangers], programs: undefined };
  }
  reviewer.found(unmistakableDanger(text));
  return { dangers: [...reviewer.dangers], programs: reviewer.isPlain ? [...reviewer.programs] : undefined };
}

/** Where the script is while it is read. */
export interface Scope {
  /** Absolute; undefined when it cannot be told. */
  cwd: string | undefined;
  readonly variables: ShellVariables;
}

class Reviewer {
  readonly dangers = new Set<string>();
  readonly programs = new Set<string>();
  /** Names of files that the text downloads. */
  readonly downloads = new Set<string>();
  isPlain = true;
  readonly #worktree: string;
  #count = 0;

  constructor(worktree: string) {
    this.#worktree = worktree;
  }

  text(text: string, scope: Scope): void {
    this.#script(parseShell(text), scope);
  }

  /** A text that one of the commands runs; one that cannot be read is searched. */
  runText(text: string, scope: Scope): undefined {
    this.isPlain = false;
    if (text.includes(unknown)) this.dangers.add("runs a text that is put together only while it runs");
    try {
      this.text(text.replaceAll(unknown, "$UNKNOWN"), scope);
    } catch (thrown) {
      if (!(thrown instanceof NotUnderstood)) throw thrown;
      this.unread(text, thrown);
    }
  }

  /** Why writing to a path is asked about. */
  writing(path: string, scope: Scope): string | undefined {
    const place = placeOf(path, scope.cwd, this.#worktree);
    if (place.kind === "outside") return `changes ${place.name.slice(0, 200)}, outside the worktree`;
    if ((place.kind !== "inside" && place.kind !== "unknown") || place.relative === undefined) return undefined;
    const why = protectedBecause(place.relative);
    return why === undefined ? undefined : `changes ${why} (${place.relative.slice(0, 200)})`;
  }

  /** Why deleting a path is asked about. */
  deleting(path: string, isRecursive: boolean, scope: Scope): string | undefined {
    const place = placeOf(path, scope.cwd, this.#worktree);
    if (place.kind === "unknown") return isRecursive ? "deletes folders whose names it tells only while it runs" : undefined;
    if (place.kind === "outside") return `deletes ${place.name.slice(0, 200)}, outside the worktree`;
    if (place.kind === "inside" && place.relative === "") return "deletes the worktree as a whole";
    return this.writing(path, scope);
  }

  /** A text that was not followed is searched; one that is too much to follow may hide anything. */
  unread(text: string, thrown: NotUnderstood): void {
    if (thrown instanceof TooMuch) this.found("does more at once than can be followed");
    this.found(textDanger(text));
  }

  found(danger: string | undefined): void {
    if (danger !== undefined) this.dangers.add(danger);
  }

  #script(script: ShellScript, scope: Scope): void {
    for (const pipeline of script) this.#pipeline(pipeline, scope);
  }

  #pipeline(pipeline: Pipeline, scope: Scope): void {
    const upstream: CommandScene["upstream"][number][] = [];
    for (const command of pipeline) {
      if (command.kind === "loop") {
        scope.variables.add(command.name, this.#values(command.values, scope));
      } else if (command.kind === "group") {
        const inner = command.isSubshell || pipeline.length > 1 ? copyOf(scope) : scope;
        this.#script(command.script, inner);
        this.#redirects(command.redirects, scope);
        upstream.push({ words: [], printed: undefined });
      } else {
        const words = this.#simple(command, scope, upstream);
        upstream.push({ words, printed: printedBy(command, scope.variables) });
      }
    }
  }

  #values(words: readonly ShellWord[], scope: Scope): readonly string[] {
    for (const word of words) this.#nested(word, scope);
    return expandWords(words, scope.variables);
  }

  #simple(command: SimpleCommand, scope: Scope, upstream: CommandScene["upstream"]): readonly string[] {
    for (const { value } of command.assignments) this.#nested(value, scope);
    this.#redirects(command.redirects, scope);
    const words = this.#values(command.words, scope);
    for (const { name, value } of command.assignments) {
      const values = expandText(value, scope.variables);
      this.found(assignmentDanger(name, values));
      if (words.length === 0) scope.variables.add(name, values);
    }
    if (words.length === 0) return words;
    const program = this.#isCertain(command, scope) ? words[0] : unknown;
    this.#run(
      [program ?? unknown, ...words.slice(1)],
      {
        command,
        nesting: 0,
        upstream,
        document: documentOf(command, scope.variables),
        hasInput: command.redirects.some(({ operator }) => operator === "<"),
        hasFileScript: command.words.some((word) => word.some((part) => part.kind === "script" && part.isFile)),
      },
      scope,
    );
    return words;
  }

  /** A program that has several possible names is none. */
  #isCertain({ words: [first = []] }: SimpleCommand, scope: Scope): boolean {
    return !first.some((part) => part.kind === "variable" && scope.variables.of(part.name).length > 1) && expandWord(first, scope.variables).length > 0;
  }

  #run(
    words: readonly string[],
    given: Pick<CommandScene, "upstream" | "document" | "hasInput" | "hasFileScript"> & { readonly command: SimpleCommand; readonly nesting: number },
    scope: Scope,
  ): undefined {
    // Wrappers in wrappers are looked at from each of their words on.
    if (++this.#count > maxCommands || given.nesting > maxNesting) throw new TooMuch("too many commands");
    const why = commandDanger(words, {
      ...given,
      downloads: this.downloads,
      writing: (path) => this.writing(path, scope),
      deleting: (path, isRecursive) => this.deleting(path, isRecursive, scope),
      runText: (text, isOwnScope) => this.runText(text, isOwnScope ? copyOf(scope) : scope),
      run: (inner) => this.#run(inner, { ...given, nesting: given.nesting + 1 }, scope),
      enter: (folder) => {
        scope.cwd = folder === undefined ? undefined : fullPath(folder, scope.cwd);
        return undefined;
      },
      assign: (name, value) => {
        this.found(assignmentDanger(name, [value]));
        scope.variables.add(name, [value]);
      },
      found: (danger) => this.found(danger),
      names: (program, isPlain) => {
        this.programs.add(program);
        if (!isPlain) this.isPlain = false;
      },
    });
    this.found(why);
  }

  #redirects(redirects: readonly Redirect[], scope: Scope): void {
    for (const { operator, target } of redirects) {
      this.#nested(target, scope);
      if (!/^(&?>>?|>\||<>|>&)$/.test(operator)) continue;
      for (const path of expandText(target, scope.variables)) {
        if (operator === ">&" && /^(\d+|-)$/.test(path)) continue;
        this.found(this.writing(path, scope));
      }
    }
  }

  /** The scripts inside a word run too. */
  #nested(word: ShellWord, scope: Scope): void {
    for (const part of word) if (part.kind === "script") this.#script(part.script, copyOf(scope));
  }
}

function copyOf({ cwd, variables }: Scope): Scope {
  return { cwd, variables: variables.copy() };
}

function normalRoot(worktree: string): string {
  return fullPath(worktree, undefined) ?? worktree;
}
