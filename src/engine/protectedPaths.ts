/** Files that make somebody's program do something later: git's own, those of editors and of agents. Writing them is always asked about. */

type Rule = readonly [kind: string, pattern: RegExp];

/** By a name anywhere on the way to the file. */
const folders: readonly Rule[] = [
  ["git's own files", /^(\.git|git~\d)$/],
  ["git hooks", /^(\.husky|\.githooks|\.lefthook)$/],
  ["the configuration of an editor", /^(\.vscode|\.idea|\.zed|\.fleet|\.devcontainer|\.settings)$/],
  ["the configuration of an agent", /^(\.cursor|\.claude|\.agents|\.goose|\.codex|\.gemini|\.windsurf|\.continue|\.roo|\.cline|\.clinerules|\.kiro|\.junie)$/],
  ["workflows that run elsewhere", /^(\.circleci|\.buildkite)$/],
];

/** By the file's own name. */
const files: readonly Rule[] = [
  ["git's configuration", /^(\.gitmodules|\.gitattributes|\.gitconfig)$/],
  ["git hooks", /^(\.pre-commit-config\.ya?ml|\.?lefthook(-local)?\.(ya?ml|toml|json))$/],
  ["the configuration of an editor", /^(.*\.code-workspace|\.devcontainer\.json|\.exrc|\.nvimrc|\.nvim\.lua|\.dir-locals\.el)$/],
  [
    "instructions of an agent",
    /^(agents(\.override)?\.md|claude(\.local)?\.md|gemini\.md|\.goosehints|\.cursorrules|\.windsurfrules|\.clinerules|\.roomodes|\.?mcp\.json|\.aider.*)$/,
  ],
  ["commands that a shell runs when it enters the folder", /^(\.envrc|\.autoenv\.zsh|\.mise\.toml|mise\.toml)$/],
  ["workflows that run elsewhere", /^(\.gitlab-ci\.ya?ml|azure-pipelines\.ya?ml|bitbucket-pipelines\.ya?ml|jenkinsfile)$/],
];

const githubFolders: Rule = ["workflows that run elsewhere", /^(workflows|actions)$/];
const githubFiles: Rule = ["instructions of an agent", /^(copilot-instructions\.md|instructions|prompts|chatmodes|agents)$/];

/** Why a path, relative to the worktree, is asked about; undefined when it is an ordinary file. */
export function protectedBecause(relative: string): string | undefined {
  const parts = relative
    .split(/[\\/]+/)
    .map(foldName)
    .filter((part) => part !== "" && part !== ".");
  const name = parts.at(-1) ?? "";
  for (const [index, part] of parts.entries()) {
    const found =
      folders.find(([, pattern]) => matches(pattern, part)) ??
      (parts[index - 1] === ".github" ? [githubFolders, githubFiles].find(([, pattern]) => matches(pattern, part)) : undefined);
    if (found !== undefined) return found[0];
  }
  return files.find(([, pattern]) => matches(pattern, name))?.[0];
}

/** The names by which file systems know the same file: without case, invisible characters, streams, dots and blanks at the end. */
function foldName(name: string): string {
  return name
    .normalize("NFKC")
    .replaceAll(/[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]/g, "")
    .replace(/:.*$/, "")
    .replace(/[. ]+$/, (end) => (end === name ? end : ""))
    .toLowerCase();
}

const samples =
  ".git .husky .githooks .vscode .idea .devcontainer .cursor .claude .agents .goose .codex .gemini .gitmodules .gitattributes agents.md claude.md .goosehints .cursorrules .mcp.json .envrc workflows actions a.code-workspace".split(
    " ",
  );

/** A name with wildcards counts as protected when it could match one that is. */
function matches(pattern: RegExp, name: string): boolean {
  if (!/[*?[]/.test(name)) return pattern.test(name);
  const glob = wildcard(name);
  return samples.some((sample) => pattern.test(sample) && mayBegin(name, sample) && glob.test(sample));
}

/** A wildcard at the beginning does not match hidden files; of the others it matches too many to mean this one. */
function mayBegin(name: string, sample: string): boolean {
  return sample.startsWith(".") ? /^[.[]/.test(name) : !name.startsWith("*");
}

function wildcard(name: string): RegExp {
  const source = name.replaceAll(/\[[^\]]*\]|[*?]|[^*?[]+|\[/g, (piece) => {
    if (piece === "*") return ".*";
    if (piece === "?" || (piece.length > 1 && piece.startsWith("["))) return ".";
    return piece.replaceAll(/[.+^${}()|\\[\]/-]/g, String.raw`\$&`);
  });
  return new RegExp(`^${source}$`);
}
