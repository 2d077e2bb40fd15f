import type { CommandScene } from "./commandScene.ts";
import { unknown } from "./shellValues.ts";

const running = /^-(exec|execdir|ok|okdir|x|X)$|^--exec(-batch)?$/;
const writing = /^-(fprint|fprintf|fprint0|fls)$/;
const tests = /^-(i?name|i?path|i?wholename|i?regex|type|size|[acm](time|min)|newer.*|empty|perm|user|group|inum|links|maxdepth|mindepth|xtype|e|extension)$/;

/** What `find` does with what it finds: deleting and running count for the folders that it starts from. */
export function findDanger(operands: readonly string[], scene: CommandScene): string | undefined {
  const starts = startsOf(operands);
  for (const [index, operand] of operands.entries()) {
    const next = operands[index + 1];
    if (writing.test(operand) && next !== undefined) scene.found(scene.writing(next));
    if (operand === "-delete") for (const start of starts) scene.found(deletingFrom(start, operands, scene));
    if (running.test(operand)) runForEach(operands.slice(index + 1), starts, scene);
  }
  return undefined;
}

function startsOf(operands: readonly string[]): readonly string[] {
  const end = operands.findIndex((operand) => /^[-(!]/.test(operand) && !/^-[HLPDO]/.test(operand));
  const starts = operands.slice(0, end < 0 ? undefined : end).filter((operand) => !operand.startsWith("-"));
  return starts.length === 0 ? ["."] : starts;
}

/** With a test only what fits is deleted; without one the folder as a whole is. */
function deletingFrom(start: string, operands: readonly string[], scene: CommandScene): string | undefined {
  return scene.deleting(operands.some((operand) => tests.test(operand)) ? `${start}/found` : start, true);
}

function runForEach(words: readonly string[], starts: readonly string[], scene: CommandScene): void {
  const end = words.findIndex((word) => word === ";" || word === "+");
  const command = words.slice(0, end < 0 ? undefined : end);
  for (const start of starts) {
    const found = start.includes(unknown) ? unknown : `${start}/found`;
    const named = command.map((word) => word.replaceAll("{}", found));
    scene.run(command.some((word) => word.includes("{}")) ? named : [...named, found]);
  }
}
