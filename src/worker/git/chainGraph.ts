/** What the graph of the tasks' commits says about their branches; see branchChain.ts, which reads it from git. */
import type { HandlerOutput } from "../../protocol/handlers.ts";

type ChainInfo = HandlerOutput<"git.chain">;

/** Branches that fork and join again multiply the ways. */
const maxChains = 1_000;

/** A commit of tasks that is in none of the user's branches. */
export interface ChainCommit {
  readonly parents: readonly string[];
  /** From the trailer; empty for a commit that Goose made itself. */
  readonly taskId: string;
}

/** The task branches with their heads, and the commits between those and the user's history. */
export interface ChainCommits {
  readonly heads: ReadonlyMap<string, string>;
  readonly commits: ReadonlyMap<string, ChainCommit>;
}

/** What starts from what, what diverges, what is missing. */
export function describeChain(given: ChainCommits, expected: readonly string[]): ChainInfo {
  const graph = new ChainGraph(given);
  const branches = [...given.heads].map(([branch, head]) => {
    const taskId = given.commits.get(head)?.taskId ?? "";
    return { branch, head, ...graph.startOf(branch), ...(taskId === "" ? {} : { taskId }) };
  });
  const divergences = graph.divergences();
  const missing = [...expected.filter((branch) => !given.heads.has(branch)).map((branch) => ({ branch, neededBy: [] })), ...graph.missingTasks()];
  return { isValid: divergences.length === 0 && missing.length === 0, branches, chains: chainsOf(branches), divergences, missing };
}

class ChainGraph {
  readonly #heads: ReadonlyMap<string, string>;
  readonly #commits: ReadonlyMap<string, ChainCommit>;
  /** Branch -> its commits, inherited ones included. */
  readonly #reached: ReadonlyMap<string, ReadonlySet<string>>;
  /** Head -> branch; of branches with the same head the first by name. */
  readonly #ends = new Map<string, string>();

  constructor({ heads, commits }: ChainCommits) {
    this.#heads = heads;
    this.#commits = commits;
    this.#reached = new Map([...heads].map(([branch, head]) => [branch, this.#walk([head])]));
    for (const [branch, head] of [...heads].sort(([a], [b]) => (a < b ? -1 : 1))) if (!this.#ends.has(head)) this.#ends.set(head, branch);
  }

  /** The branches whose heads are met first on every way back, and how many commits are not theirs. */
  startOf(branch: string): { startsFrom: string[]; commits: number } {
    const startsFrom = this.#basesOf(branch);
    const inherited = new Set(startsFrom.flatMap((base) => [...this.#commitsOf(base)]));
    return { startsFrom, commits: [...this.#commitsOf(branch)].filter((commit) => !inherited.has(commit)).length };
  }

  #basesOf(branch: string): string[] {
    const head = this.#heads.get(branch) ?? "";
    const twin = this.#ends.get(head);
    if (twin !== undefined && twin !== branch) return this.#commits.has(head) ? [twin] : [];
    const met = this.#walk(this.#parentsOf(head), (commit) => this.#ends.has(commit));
    return [...met].flatMap((commit) => this.#ends.get(commit) ?? []).sort();
  }

  /**
   * Where the work of one task was left behind: a commit that is no branch's head, from which two branches go on by different
   * ways. That is a base which moved on, or was rewritten, after another task had started from it.
   */
  divergences(): ChainInfo["divergences"] {
    const found = new Map<string, ChainInfo["divergences"][number]>();
    for (const [at, ways] of this.#forks()) {
      const groups = ways.map((way) => [...this.#heads.keys()].filter((branch) => this.#commitsOf(branch).has(way)));
      for (const [a, b] of pairs(groups)) if (this.#areApart(a, b)) found.set(`${a} ${b}`, { branches: [a, b], at });
    }
    return [...found.values()];
  }

  /** Commits with several children, unless a branch ends there: to start from one is what dependants do. */
  #forks(): [string, string[]][] {
    const children = new Map<string, string[]>();
    for (const [id, { parents }] of this.#commits) {
      for (const parent of parents) if (this.#commits.has(parent) && !this.#ends.has(parent)) children.set(parent, [...(children.get(parent) ?? []), id]);
    }
    return [...children].filter(([, ways]) => ways.length > 1);
  }

  #areApart(a: string, b: string): boolean {
    return !this.#commitsOf(a).has(this.#heads.get(b) ?? "") && !this.#commitsOf(b).has(this.#heads.get(a) ?? "");
  }

  /** Tasks whose commits branches hold, while none ends with their work. */
  missingTasks(): ChainInfo["missing"] {
    const present = new Set([...this.#heads.values()].map((head) => this.#commits.get(head)?.taskId));
    const missing = new Map<string, string[]>();
    for (const [branch, ids] of this.#reached) {
      const held = new Set([...ids].map((id) => this.#commits.get(id)?.taskId ?? ""));
      for (const taskId of held) if (taskId !== "" && !present.has(taskId)) missing.set(taskId, [...(missing.get(taskId) ?? []), branch]);
    }
    return [...missing].map(([taskId, neededBy]) => ({ taskId, neededBy }));
  }

  #commitsOf(branch: string): ReadonlySet<string> {
    return this.#reached.get(branch) ?? new Set();
  }

  #parentsOf(id: string): readonly string[] {
    return this.#commits.get(id)?.parents ?? [];
  }

  /** These commits and all before them, as far as they are tasks'; not beyond those at which it shall stop. */
  #walk(from: readonly string[], isEnd: (id: string) => boolean = () => false): Set<string> {
    const found = new Set<string>();
    const open = [...from];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id) || !this.#commits.has(id)) continue;
      found.add(id);
      if (!isEnd(id)) open.push(...this.#parentsOf(id));
    }
    return found;
  }
}

/** Pairs in order of name whose members are in no group together. */
function pairs(groups: readonly (readonly string[])[]): [string, string][] {
  const names = [...new Set(groups.flat())].sort();
  const all = names.flatMap((a, index) => names.slice(index + 1).map((b): [string, string] => [a, b]));
  return all.filter(([a, b]) => !groups.some((group) => group.includes(a) && group.includes(b)));
}

/** Every way from a branch that starts from the user's history to one that nothing builds on. */
function chainsOf(branches: ChainInfo["branches"]): string[][] {
  const chains: string[][] = [];
  const grow = (chain: readonly string[]): void => {
    if (chains.length >= maxChains) return;
    const next = branches.filter(({ startsFrom }) => startsFrom.includes(chain.at(-1) ?? ""));
    if (next.length === 0) chains.push([...chain]);
    for (const { branch } of next) grow([...chain, branch]);
  };
  for (const { branch, startsFrom } of branches) if (startsFrom.length === 0) grow([branch]);
  return chains;
}
