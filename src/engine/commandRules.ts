import {
  deleters,
  interpreters,
  machineChangers,
  privileged,
  publishers,
  remoteShells,
  shells,
  wrappers,
  writersOfAll,
  writersOfLast,
} from "./commandNames.ts";
import { baseName, firstWhy, operandsOf, type CommandScene, type Rule } from "./commandScene.ts";
import { findDanger } from "./findRule.ts";
import { gitDanger } from "./gitRules.ts";
import { lastingDanger } from "./lastingRules.ts";
import { outputDanger } from "./outputRules.ts";
import { awk, interpreter, packageRunner, shell, sourced, verbRunner, wrapped } from "./runningRules.ts";
import { sed } from "./sedRules.ts";
import { home, unknown } from "./shellValues.ts";
import { codeDanger } from "./textDangers.ts";
import { archive, container, copying, deletion, download, linking, shortTarget, valueOf } from "./writingRules.ts";

/** Why a command is asked about; more reasons go to the scene. */
export function commandDanger([first = "", ...operands]: readonly string[], scene: CommandScene): string | undefined {
  const name = baseName([first]);
  if (name === "") return undefined;
  if (name.includes(unknown)) return "runs a program whose name it tells only while it runs";
  if (scene.downloads.has(name) && first.includes("/")) return "runs what it downloads";
  const program = name.toLowerCase().replace(/\.exe$/, "");
  const family = program.replace(/[0-9.]+$/, "");
  scene.names(subcommandOf(program, operands), !runsOthers(program, family));
  return firstWhy([ruleOf(program, family), verbRunner, publishes, lastingDanger, outputDanger], (rule) => rule(operands, scene, program));
}

function runsOthers(program: string, family: string): boolean {
  return wrappers.has(program) || shells.has(program) || interpreters.has(family) || specialRules.has(program);
}

function ruleOf(program: string, family: string): Rule {
  if (privileged.has(program)) return () => "runs with the rights of another user";
  if (machineChangers.has(program) || program.startsWith("mkfs")) return () => "changes the machine";
  if (remoteShells.has(program)) return () => "works on another machine";
  if (wrappers.has(program)) return wrapped;
  if (shells.has(program)) return shell;
  if (interpreters.has(family)) return (operands, scene) => interpreter(operands, scene, family);
  if (deleters.has(program)) return deletion;
  if (writersOfAll.has(program))
    return (operands, scene) => firstWhy([...operandsOf(operands), ...operands.map(valueOf)], scene.writing) ?? shortTarget("t", operands, scene);
  if (writersOfLast.has(program)) return copying;
  return specialRules.get(program) ?? (() => undefined);
}

const specialRules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ["ln", linking],
  ["git", (operands, { writing, runText }) => gitDanger(operands, { writing, script: (text) => runText(text, true) })],
  ["find", findDanger],
  ["fd", findDanger],
  ["eval", (operands, { runText }) => runText(operands.join(" "), false)],
  ["trap", ([text = ""], { runText }) => runText(text, true)],
  ["source", sourced],
  [".", sourced],
  ["cd", entered],
  ["pushd", entered],
  ["popd", (_operands, { enter }) => enter(undefined)],
  ...["export", "declare", "local", "readonly", "typeset", "set"].map((name): [string, Rule] => [name, exported]),
  ...["read", "mapfile", "readarray", "getopts"].map((name): [string, Rule] => [name, (operands, { assign }) => eachUnknown(operands, assign)]),
  [
    "alias",
    (operands, { runText }) => firstWhy(operands, (operand) => (operand.includes("=") ? runText(operand.slice(operand.indexOf("=") + 1), true) : undefined)),
  ],
  [
    "dd",
    (operands, { writing }) =>
      firstWhy(operands, (operand) =>
        operand.startsWith("of=") ? (operand.startsWith("of=/dev/") ? "changes the machine" : writing(operand.slice(3))) : undefined,
      ),
  ],
  ["sed", sed],
  ["gsed", sed],
  ["tar", archive],
  ["bsdtar", archive],
  ["unzip", (operands, scene) => shortTarget("d", operands, scene)],
  ["curl", (operands, scene) => download(operands, scene, "o", /^--output(-dir)?$/)],
  ["wget", (operands, scene) => download(operands, scene, "OP", /^--(output-document|directory-prefix)$/)],
  ["awk", awk],
  ["gawk", awk],
  ["mawk", awk],
  ["docker", container],
  ["podman", container],
  ["nerdctl", container],
  ["kill", (operands) => (operands.slice(1).includes("-1") ? "ends all of your programs" : undefined)],
  ["husky", () => "installs git hooks"],
  ["pre-commit", ([verb = ""]) => (/^(install|uninstall)/.test(verb) ? "installs git hooks" : undefined)],
  ["lefthook", ([verb = ""]) => (/^(install|uninstall|add)/.test(verb) ? "installs git hooks" : undefined)],
  ["npx", packageRunner],
  ["bunx", packageRunner],
  ["uvx", packageRunner],
]);

function entered(operands: readonly string[], { enter }: CommandScene): undefined {
  const folder = operands.find((operand) => !/^-[LPe@]+$|^--$/.test(operand));
  enter(folder === "-" || folder?.includes(unknown) === true ? undefined : (folder ?? home));
}

function exported(operands: readonly string[], { assign }: CommandScene): undefined {
  for (const operand of operands) {
    const equals = operand.indexOf("=");
    if (equals > 0) assign(operand.slice(0, equals).replace(/\+$/, ""), operand.slice(equals + 1));
  }
}

function eachUnknown(operands: readonly string[], assign: CommandScene["assign"]): undefined {
  for (const operand of operands) if (/^[A-Za-z_]\w*$/.test(operand)) assign(operand, unknown);
}

function publishes(operands: readonly string[], _scene: CommandScene, program: string): string | undefined {
  const words = publishers.get(program);
  if (words !== undefined && operands.slice(0, 6).some((operand) => words.test(operand))) return "publishes something or changes what others see";
  return /^(npm|pnpm|yarn|bun)$/.test(program) ? packageManager(operands) : undefined;
}

function packageManager(operands: readonly string[]): string | undefined {
  const [verb = ""] = operands;
  if (operands.some((operand) => /^(-g|--global|global)$/.test(operand))) return "installs something outside the worktree";
  return /^(exec|x|dlx)$/.test(verb) ? codeDanger(operands.join(" ")) : undefined;
}

function subcommandOf(program: string, operands: readonly string[]): string {
  const word = operands.find((operand) => !operand.startsWith("-"));
  const hasSubcommands = publishers.has(program) || /^(git|go|make|just|task|pip3?|poetry|uv|dotnet|gradle|mvn|rake|bundle|composer|deno|turbo)$/.test(program);
  return hasSubcommands && word !== undefined && /^[\w:.-]+$/.test(word) ? `${program} ${word}` : program;
}
