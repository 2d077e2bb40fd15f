/** What the rules about single commands share. */
/** What a rule may look at and do: the surroundings of one command. */
export interface CommandScene {
  /** The commands before it in the same pipe, with what they print where that is plain to see. */
  readonly upstream: readonly { readonly words: readonly string[]; readonly printed: string | undefined }[];
  /** What it is given as a here-document or here-string. */
  readonly document: string | undefined;
  /** It reads from a file by a redirect. */
  readonly hasInput: boolean;
  /** One of its operands is the output of another script. */
  readonly hasFileScript: boolean;
  /** Names of files that the same command line downloads. */
  readonly downloads: Set<string>;
  readonly writing: (path: string) => string | undefined;
  readonly deleting: (path: string, isRecursive: boolean) => string | undefined;
  /** It runs a shell text; `isOwnScope`: in a shell of its own. */
  readonly runText: (text: string, isOwnScope: boolean) => undefined;
  /** It runs another command. */
  readonly run: (words: readonly string[]) => undefined;
  /** The current folder changes; undefined: to one that cannot be told. */
  readonly enter: (folder: string | undefined) => undefined;
  readonly assign: (name: string, value: string) => undefined;
  readonly found: (danger: string | undefined) => void;
  /** It runs this program; `isPlain`: and nothing else. */
  readonly names: (program: string, isPlain: boolean) => void;
}

/** Why a command with these operands is asked about; undefined when it is not. */
export type Rule = (operands: readonly string[], scene: CommandScene, program: string) => string | undefined;

/** The file's name of a path, of the first word given. */
export function baseName([path = ""]: readonly string[]): string {
  return path.split("/").at(-1) ?? "";
}

/** The first reason among the operands. */
export function firstWhy<T>(operands: readonly T[], why: (operand: T, index: number) => string | undefined): string | undefined {
  for (const [index, operand] of operands.entries()) {
    const found = why(operand, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The words of a command that are no options: behind `--` every word is one. */
export function operandsOf(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  const before = (end < 0 ? words : words.slice(0, end)).filter((word) => !word.startsWith("-"));
  return end < 0 ? before : [...before, ...words.slice(end + 1).map((word) => (word.startsWith("-") ? `./${word}` : word))];
}
