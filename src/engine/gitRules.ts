/** What git commands are asked about: remotes, configuration, what belongs to the whole repository, places outside the worktree. */

/** What the rules need to know of the place where git runs. */
export interface GitPlace {
  /** Why writing to a path is asked about; undefined when it is not. */
  readonly writing: (path: string) => string | undefined;
  /** Why a command line that git runs is asked about. */
  readonly script: (text: string) => string | undefined;
}

const remote = "changes a remote repository";
const configuration = "changes git's configuration";
const repository = "changes branches, tags or stashes that belong to the whole repository";
const runs = "makes git run another program";

/** Subcommands that only look, or change no more than the task's own branch and worktree. */
const harmless = new Set(
  "add am annotate apply archive bisect blame cat-file check-attr check-ignore check-mailmap check-ref-format cherry cherry-pick column commit commit-tree count-objects describe diff diff-files diff-index diff-tree difftool fetch fmt-merge-msg for-each-ref format-patch fsck grep hash-object help index-pack interpret-trailers log ls-files ls-remote ls-tree mailinfo mailsplit merge merge-base merge-file merge-tree mergetool mktree name-rev pack-objects patch-id pull range-diff read-tree rebase rerere reset rev-list rev-parse revert rm mv show show-branch show-ref shortlog sparse-checkout status stripspace switch update-index var verify-commit verify-tag version whatchanged write-tree --version --help --exec-path --html-path --info-path --man-path".split(
    " ",
  ),
);

type Rule = (operands: readonly string[], place: GitPlace) => string | undefined;

const has = (operands: readonly string[], pattern: RegExp): boolean => operands.some((operand) => pattern.test(operand));
const verb = (operands: readonly string[]): string => operands.find((operand) => !operand.startsWith("-")) ?? "";
const files: Rule = (operands, { writing }) =>
  operands.map((operand) => (operand.startsWith("-") ? undefined : writing(operand))).find((why) => why !== undefined);

const rules: { readonly [subcommand: string]: Rule } = {
  push: () => remote,
  "send-pack": () => remote,
  "send-email": () => remote,
  "http-push": () => remote,
  "request-pull": () => undefined,
  svn: (operands) => (verb(operands) === "dcommit" ? remote : "runs a git command that is not known here"),
  subtree: (operands) => (verb(operands) === "push" ? remote : undefined),
  lfs: (operands) => (/^(push|install|uninstall|update|migrate|prune)$/.test(verb(operands)) ? remote : undefined),
  remote: (operands) => (/^(|show|get-url)$/.test(verb(operands)) ? undefined : remote),
  config: configRule,
  submodule: (operands) => (/^(|status|summary)$/.test(verb(operands)) ? undefined : "changes the repositories inside this one"),
  branch: (operands) =>
    has(operands, /^(-[a-zA-Z]*[dDmMcCfu]|--(delete|move|copy|force|set-upstream.*|unset-upstream|edit-description)(=.*)?)$/) ? repository : undefined,
  tag: (operands) => (has(operands, /^(-[a-zA-Z]*[df]|--(delete|force))$/) ? repository : undefined),
  stash: (operands) => (/^(|push|save|list|show|apply)$/.test(verb(operands)) ? undefined : repository),
  "update-ref": () => repository,
  "symbolic-ref": (operands) =>
    operands.filter((operand) => !operand.startsWith("-")).length > 1 || has(operands, /^(-d|--delete)$/) ? repository : undefined,
  reflog: (operands) => (/^(|show|exists|list)$/.test(verb(operands)) || !/^(expire|delete|drop|write)$/.test(verb(operands)) ? undefined : repository),
  gc: () => repository,
  prune: () => repository,
  repack: () => repository,
  maintenance: () => repository,
  "filter-branch": () => repository,
  "filter-repo": () => repository,
  "fast-import": () => repository,
  replace: () => repository,
  notes: (operands) => (/^(|list|show)$/.test(verb(operands)) ? undefined : repository),
  worktree: (operands) => (/^(|list)$/.test(verb(operands)) ? undefined : repository),
  clean: (operands, place) => (has(operands, /^-[a-zA-Z]*f[a-zA-Z]*$|^--force$/) ? files(operands, place) : undefined),
  clone: (operands, { writing }) => writing(operands.at(-1) ?? "."),
  bundle: (operands, { writing }) =>
    verb(operands) === "create" ? writing(operands.slice(operands.indexOf("create") + 1).find((operand) => !operand.startsWith("-")) ?? ".") : undefined,
  init: (operands, { writing }) => (verb(operands) === "" ? undefined : writing(verb(operands))),
  checkout: files,
  restore: files,
  mv: files,
  bisect: (operands, { script }) => (operands[0] === "run" ? script(operands.slice(1).join(" ")) : undefined),
  "submodule--helper": () => runs,
  daemon: () => runs,
  instaweb: () => runs,
  "upload-pack": () => undefined,
  "receive-pack": () => remote,
};

/** Options of git itself that take the next word. */
const withValue = /^(-C|-c|--git-dir|--work-tree|--namespace|--exec-path|--super-prefix|--config-env|--attr-source)$/;
const harmlessSettings =
  /^(user\.(name|email)|color\.[\w.]+|core\.(quotepath|pager=cat|autocrlf|safecrlf|filemode|abbrev|ignorecase|longpaths)|init\.defaultbranch|advice\.[\w.]+|commit\.gpgsign=(false|0)|tag\.gpgsign=(false|0)|log\.[\w.]+|diff\.(renames|algorithm|context|noprefix|mnemonicprefix)|merge\.(conflictstyle|renames)|rebase\.(autosquash|autostash)|pull\.(rebase|ff)|safe\.directory|gc\.auto=0|column\.[\w.]+|status\.[\w.]+|protocol\.version|http\.(postbuffer|version))(=|$)/i;
const runningOptions = /^--(upload-pack|receive-pack|exec|open-files-in-pager|ext-diff|textconv|extcmd|tool|template|to-cmd|cc-cmd|sendmail-cmd)(=|$)/;

/** Why a git command is asked about; undefined when it is not. `words` begin behind `git`. */
export function gitDanger(words: readonly string[], place: GitPlace): string | undefined {
  const rest = [...words];
  while (rest[0]?.startsWith("-") === true) {
    const word = rest.shift() ?? "";
    if (/^--(version|help|exec-path|html-path|man-path|info-path)$/.test(word)) return undefined;
    const [name, attached] = word.startsWith("--") ? splitOnce(word) : [word, undefined];
    if (!withValue.test(name)) continue;
    const why = ownOption(name, attached ?? rest.shift() ?? "", place);
    if (why !== undefined) return why;
  }
  const [subcommand, ...operands] = rest;
  return subcommand === undefined ? undefined : subcommandDanger(subcommand, operands, place);
}

function ownOption(name: string, value: string, { writing }: GitPlace): string | undefined {
  if (name === "-c") return harmlessSettings.test(value) ? undefined : runs;
  if (name === "-C" || name === "--work-tree") return writing(`${value}/.`);
  return "works on another repository than the task's";
}

function subcommandDanger(subcommand: string, operands: readonly string[], place: GitPlace): string | undefined {
  if (has(operands, runningOptions) || has(operands, /^ext::/i)) return runs;
  if (subcommand === "rebase" && has(operands, /^(-x|--exec.*|-i|--interactive)$/)) {
    const index = operands.findIndex((operand) => /^(-x|--exec)$/.test(operand));
    return index < 0 ? undefined : place.script(operands[index + 1] ?? "");
  }
  const rule = Object.hasOwn(rules, subcommand) ? rules[subcommand] : undefined;
  if (rule !== undefined) return rule(operands, place);
  return harmless.has(subcommand) ? outputOption(operands, place) : "runs a git command that is not known here";
}

/** `--output=FILE` of diff, log and format-patch overwrites any file. */
function outputOption(operands: readonly string[], { writing }: GitPlace): string | undefined {
  for (const [index, operand] of operands.entries()) {
    const [name, attached] = splitOnce(operand);
    if (/^(--output|--output-directory|--directory|-o)$/.test(name)) return writing(attached ?? operands[index + 1] ?? ".");
  }
  return undefined;
}

function configRule(operands: readonly string[]): string | undefined {
  if (has(operands, /^(--get.*|--list|-l|--get-regexp|--show-origin|get|list)$/))
    return has(operands, /^(set|unset|--unset.*|--replace-all|--add|edit|-e|--edit)$/) ? configuration : undefined;
  const values = operands.filter((operand) => !operand.startsWith("-"));
  return values.length <= 1 && !has(operands, /^(--unset.*|--remove-section|--rename-section|--edit|-e|--replace-all|--add)$/) && values[0] !== "edit"
    ? undefined
    : configuration;
}

function splitOnce(option: string): readonly [name: string, value: string | undefined] {
  const equals = option.indexOf("=");
  return equals < 0 ? [option, undefined] : [option.slice(0, equals), option.slice(equals + 1)];
}
