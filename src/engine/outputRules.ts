/** Programs that write where an option or one of their operands says, by the tables of their names. */
import { wrappers } from "./commandNames.ts";
import { firstWhy, operandsOf, type CommandScene, type Rule } from "./commandScene.ts";
import { withoutOutput, writingOptions, writtenOperands, type WrittenOperands } from "./outputNames.ts";
import { optionTarget, shortTarget, untilded } from "./writingRules.ts";

/** Many programs name the file that they write in the same way. */
const longOutput =
  /^--(output|out|out-?file|out-?dir|output-?dir|output-?file|output-path|output-directory|prefix|dest|destination|target-dir|dist-dir|report-dir|coverage-?directory|junit-?xml|basetemp|write-to)$/i;

export const outputDanger: Rule = (operands, scene, program) => {
  const names = namesOf(program);
  const hasOutput = !wrappers.has(program) && !names.some((name) => withoutOutput.has(name));
  const options = [...(firstOf(writingOptions, names) ?? []), ...(hasOutput ? ["-o"] : [])];
  return (
    optionTarget(longOutput, operands, scene) ??
    firstWhy(options, (option) => namedBy(option, operands, scene)) ??
    // Of those with a `-o` it alone is often written together with other options.
    (names.includes("sort") ? shortTarget("o", operands, scene) : undefined) ??
    firstWhy(
      (firstOf(writtenOperands, names) ?? []).flatMap((rule) => written(rule, operands)),
      scene.writing,
    )
  );
};

/** As it is called, without the version behind it (`gcc-12`, `pip3.11`), and without what it is built for (`aarch64-linux-gnu-gcc`). */
function namesOf(program: string): readonly string[] {
  const plain = program.replace(/-?\d[\d.]*$/, "");
  return [program, plain, plain.slice(plain.lastIndexOf("-") + 1)];
}

function firstOf<T>(table: ReadonlyMap<string, T>, names: readonly string[]): T | undefined {
  const name = names.find((name) => table.has(name));
  return name === undefined ? undefined : table.get(name);
}

function namedBy(option: string, operands: readonly string[], { writing }: CommandScene): string | undefined {
  return firstWhy(operands, (operand, index) => {
    const value = valueOf(option, operand) ?? (operand === option && option.startsWith("-") ? operands[index + 1] : undefined);
    return value === undefined ? undefined : writing(untilded(value));
  });
}

/** `--option=value`, `-ovalue`. */
function valueOf(option: string, operand: string): string | undefined {
  if (operand.startsWith(`${option}=`)) return operand.slice(option.length + 1);
  return option.length === 2 && operand.length > 2 && operand.startsWith(option) ? operand.slice(2) : undefined;
}

function written({ which, verb, only, never, valued }: WrittenOperands, words: readonly string[]): readonly string[] {
  if (only !== undefined && !words.some((word) => only.test(word))) return [];
  if (never !== undefined && words.some((word) => never.test(word))) return [];
  const operands = operandsOf(words.filter((_, index) => valued?.test(words[index - 1] ?? "") !== true));
  if (verb !== undefined && !verb.test(operands[0] ?? "")) return [];
  const files = verb === undefined ? operands : operands.slice(1);
  return which === "all" ? files : which === "first" ? files.slice(0, 1) : files.slice(-1);
}
