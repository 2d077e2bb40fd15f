/** Commands that run others: what. */
import { decoders, feeders, fetchers, harmlessValues, interpreters, runningVariables } from "./commandNames.ts";
import { filesOfCode } from "./codeFiles.ts";
import { baseName, firstWhy, operandsOf, type CommandScene } from "./commandScene.ts";
import { ansiText } from "./shellEscapes.ts";
import { unknown } from "./shellValues.ts";
import { codeDanger } from "./textDangers.ts";
import { untilded } from "./writingRules.ts";

const downloaded = "runs what it downloads";
const decoded = "runs what it decodes";
const printedByAnother = "runs the output of another command";
const nameless = "runs a program whose name it tells only while it runs";
/** So many words behind a wrapper may be its own. */
const maxOwnWords = 8;

/** A wrapper's own options cannot all be known: what stands behind it is looked at from each of its words on. */
export function wrapped(operands: readonly string[], scene: CommandScene, program: string): string | undefined {
  const isFed = feeders.has(program);
  const words = isFed ? [...operands.map((operand) => operand.replaceAll("{}", unknown)), fed(scene)] : operands;
  if (words[0] === unknown && operands.length > 0) return nameless;
  for (const index of words.slice(0, maxOwnWords).keys()) wrappedFrom(words.slice(index), scene);
  return isFed ? comesFrom(fetchers, scene, downloaded) : undefined;
}

function wrappedFrom(words: readonly string[], scene: CommandScene): void {
  const [word = "", next = ""] = words;
  const assignment = /^([A-Za-z_]\w*)=(.*)$/s.exec(word);
  if (/^(-S|--split-string)/.test(word)) scene.runText(word.replace(/^(-S|--split-string=?)/, "") || next, true);
  else if (assignment !== null) scene.found(assignmentDanger(assignment[1] ?? "", [assignment[2] ?? ""]));
  else if (!word.startsWith("-") && word !== unknown) scene.run(words);
}

/** What comes through the pipe, where a listing is plain to see: files of the worktree, or of the place outside that is listed. */
function fed({ upstream }: CommandScene): string {
  const [first = []] = upstream.map(({ words }) => words);
  const operands = first.slice(1).filter((word) => !word.startsWith("-"));
  const program = baseName(first);
  const outside = operands.find((operand) => /^[~/\u{F0001}]|\.\.(\/|$)/u.test(operand));
  const isPlain = operands.every((operand) => !operand.includes(unknown) && operand !== "");
  if (outside !== undefined) return isPlain && /^(find|fd|ls)$/.test(program) ? `${outside}/found` : unknown;
  return isPlain && /^(find|fd|ls|rg|grep|git)$/.test(program) ? "./listed" : unknown;
}

function comesFrom(programs: ReadonlySet<string>, { upstream }: CommandScene, why: string): string | undefined {
  return upstream.some(({ words }) => programs.has(baseName(words))) ? why : undefined;
}

/** A shell runs a text, a file, or what it is given. */
export function shell(operands: readonly string[], scene: CommandScene): string | undefined {
  const index = operands.findIndex((operand) => /^-[A-Za-z]*c$/.test(operand));
  if (index >= 0) return scene.runText(operands.slice(index + 1).find((operand) => !/^[-+]/.test(operand)) ?? "", true);
  if (scene.hasFileScript) return printedByAnother;
  const file = operands.find((operand) => !/^[-+]/.test(operand));
  const readsInput = file === undefined || /^\/dev\/(stdin|fd\/0)$/.test(file) || operands.includes("-s");
  if (!readsInput) return scene.downloads.has(baseName([file])) ? downloaded : undefined;
  return operands.some((operand) => /^--?(version|help)$/.test(operand)) ? undefined : shellInput(scene);
}

function shellInput(scene: CommandScene): string | undefined {
  const input = scene.document ?? scene.upstream.at(-1)?.printed;
  if (input !== undefined) return scene.runText(input, true);
  const why = comesFrom(fetchers, scene, downloaded);
  return why ?? (scene.hasInput ? undefined : "gives a shell commands that the text does not show");
}

/** `npx` and the like: the command stands behind options, some with a value. */
export function packageRunner(operands: readonly string[], scene: CommandScene): string | undefined {
  const found = operands.findIndex((operand, index) => !operand.startsWith("-") && !valuedByRunner.test(operands[index - 1] ?? ""));
  const index = found < 0 ? operands.length : found;
  const text = operands.slice(0, index).find((operand) => operand.startsWith("--call="));
  if (text !== undefined) return scene.runText(text.slice("--call=".length), true);
  return /^(-c|--call)$/.test(operands[index - 1] ?? "") ? scene.runText(operands[index] ?? "", true) : scene.run(operands.slice(index));
}

const valuedByRunner = /^(-p|--package|-w|--workspace|--with|--from|--python|--extra|--group)$/;

/** Package managers that run a command in the environment that they keep, with the verb that does so. */
const runners: ReadonlyMap<string, RegExp> = new Map([
  ...["uv", "poetry", "pipenv", "pdm", "rye", "hatch", "pipx", "conda"].map((name) => [name, /^run$/] as const),
  ...["npm", "pnpm", "yarn", "bun"].map((name) => [name, /^(exec|x|dlx)$/] as const),
  ["bundle", /^exec$/],
]);

/** The same where only one of a program's verbs runs another command. */
export function verbRunner(operands: readonly string[], scene: CommandScene, program: string): string | undefined {
  const index = operands.findIndex((operand) => !operand.startsWith("-"));
  if (runners.get(program)?.test(operands[index] ?? "") !== true) return undefined;
  scene.names(program, false);
  return packageRunner(operands.slice(index + 1), scene);
}

/** Modules of Python that are programs with rules of their own. */
const modules = /^(pip|venv|virtualenv|twine|pytest|poetry|black|isort|autopep8|yapf|ruff)$/;

function ranAsModule(operands: readonly string[], scene: CommandScene): void {
  const index = operands.findIndex((operand, index) => !operand.startsWith("-") && !/^-[WX]$/.test(operands[index - 1] ?? ""));
  if (/^-[A-Za-z]*m$/.test(operands[index - 1] ?? "") && modules.test(operands[index] ?? "")) scene.run(operands.slice(index));
}

/** Another language's interpreter: the code on its command line or before it in the pipe is searched. */
export function interpreter(operands: readonly string[], scene: CommandScene, family: string): string | undefined {
  if (/^(pwsh|powershell)$/.test(family) && operands.some((operand) => /^-(e|ec|enc|encodedcommand)$/i.test(operand))) return decoded;
  if (/^(python|pypy)$/.test(family)) ranAsModule(operands, scene);
  const codes = codesOf(operands, family);
  const why = firstWhy([...codes, ...(scene.document === undefined ? [] : [scene.document])], (code) => codeWhy(code, scene));
  if (why !== undefined) return why;
  if (scene.hasFileScript) return printedByAnother;
  if (family === "perl") scene.found(perlInPlace(operands, scene));
  return codes.length > 0 ? undefined : interpreted(operands, scene);
}

function codeWhy(code: string, { writing }: CommandScene): string | undefined {
  return codeDanger(code) ?? firstWhy(filesOfCode(code), (file) => writing(untilded(file)));
}

function perlInPlace(operands: readonly string[], { writing }: CommandScene): string | undefined {
  if (!operands.some((operand) => /^-[a-zA-Z0-9]*i.*$/.test(operand))) return undefined;
  return firstWhy(operands, (operand, index) =>
    operand.startsWith("-") || /^-[A-Za-z0]*[eE]$/.test(operands[index - 1] ?? "") ? undefined : writing(operand),
  );
}

/** A file, or what comes through the pipe. */
function interpreted(operands: readonly string[], scene: CommandScene): string | undefined {
  const file = operands.find((operand) => !operand.startsWith("-"));
  if (file !== undefined && file !== "/dev/stdin") return scene.downloads.has(baseName([file])) ? downloaded : undefined;
  const printed = scene.upstream.at(-1)?.printed;
  return comesFrom(fetchers, scene, downloaded) ?? comesFrom(decoders, scene, decoded) ?? (printed === undefined ? undefined : codeWhy(printed, scene));
}

function codesOf(operands: readonly string[], family: string): readonly string[] {
  const option = interpreters.get(family);
  const codes = operands.flatMap((operand, index) => (option?.test(operand) === true ? [operands[index + 1] ?? ""] : []));
  const attached = /^(perl|ruby|python)$/.test(family) ? operands.filter((operand) => /^-[A-Za-z]*[ce]./.test(operand)) : [];
  return [...codes, ...attached];
}

/** `source` and `.` */
export function sourced([file = ""]: readonly string[], scene: CommandScene): string | undefined {
  if (scene.hasFileScript || /^(-|\/dev\/(stdin|fd\/\d+))$/.test(file)) return printedByAnother;
  return scene.downloads.has(baseName([file])) ? downloaded : undefined;
}

/** awk can run commands and write files from within its program. */
export function awk(operands: readonly string[], scene: CommandScene): string | undefined {
  const program = /system\s*\(|\|\s*(getline|"|&)|print[^;}]*[|]/;
  if (operands.some((operand) => program.test(operand))) return "makes awk run or write something else";
  const isInPlace = operands.some((operand, index) => operand === "inplace" && /^(-i|--include)$/.test(operands[index - 1] ?? ""));
  return firstWhy([...awkFiles(operands), ...(isInPlace ? operandsOf(operands).slice(2) : [])], scene.writing);
}

/** A file that it writes is named by a text, or by a variable that the command line or the program sets. */
function awkFiles(operands: readonly string[]): readonly string[] {
  const named = operands.flatMap((operand) => Array.from(operand.matchAll(/>[\s(]*(?:"([^"]*)"|([A-Za-z_]\w*))/g)));
  const variables = new Set(named.map(([, , variable]) => variable));
  const values = operands.flatMap((operand) => [
    ...Array.from(operand.matchAll(/^(?:-v)?([A-Za-z_]\w*)=(.*)$/gs)),
    ...Array.from(operand.matchAll(/\b([A-Za-z_]\w*)\s*=\s*"([^"]*)"/g)),
  ]);
  return [
    ...named.flatMap(([, text]) => text ?? []),
    ...values.flatMap(([, variable, value]) => (variables.has(variable) && value !== undefined ? value : [])),
  ].map(ansiText);
}

/** Why a variable is asked about: some make programs run others. */
export function assignmentDanger(name: string, values: readonly string[]): string | undefined {
  if (!runningVariables.test(name) || values.every((value) => harmlessValues.test(value))) return undefined;
  return `sets ${name}, by which another program may be run`;
}
