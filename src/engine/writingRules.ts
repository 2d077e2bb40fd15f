/** Commands that write, copy, link or delete: where to. */
import { baseName, firstWhy, operandsOf, type CommandScene } from "./commandScene.ts";
import { home } from "./shellValues.ts";

export function deletion(operands: readonly string[], scene: CommandScene, program: string): string | undefined {
  const isRecursive = program === "rimraf" || operands.some((operand) => /^-[a-zA-Z]*[rR]|^--recursive$|^\/s$/i.test(operand));
  return firstWhy(operandsOf(operands), (operand) => scene.deleting(operand, isRecursive));
}

/** A link to a place is as good as writing there; a relative one begins where the link is. */
export function linking(operands: readonly string[], scene: CommandScene): string | undefined {
  const [target = "", link, ...more] = operandsOf(operands);
  const isRelative =
    operands.some((operand) => /^-[a-zA-Z]*s|^--symbolic$/.test(operand)) && link !== undefined && more.length === 0 && !/^[/\u{F0000}\u{F0001}]/u.test(target);
  const folder = isRelative ? link.replace(/[^/]*\/*$/, "") : "";
  return shortTarget("t", operands, scene) ?? scene.writing(`${folder}${target}`) ?? firstWhy([link ?? ".", ...more], scene.writing);
}

export function copying(operands: readonly string[], scene: CommandScene, program: string): string | undefined {
  // rsync keeps times by it.
  const short = program === "rsync" ? undefined : shortTarget("t", operands, scene);
  const target = short ?? optionTarget(/^--target-directory$/, operands, scene);
  const last = operandsOf(operands).at(-1);
  if (/^[^/]*:/.test(last ?? "") && !/^[A-Za-z]:[\\/]/.test(last ?? "")) return "works on another machine";
  return target ?? (last === undefined ? undefined : writesInto(last, operands, scene));
}

/** A copy into a folder has the name of what is copied. */
function writesInto(target: string, operands: readonly string[], scene: CommandScene): string | undefined {
  const sources = operandsOf(operands).slice(0, -1);
  return scene.writing(target) ?? firstWhy(sources, (source) => scene.writing(`${target}/${source.replace(/\/+$/, "").split("/").at(-1) ?? ""}`));
}

export function archive(operands: readonly string[], scene: CommandScene): string | undefined {
  if (operands.some((operand) => /^--(to-command|checkpoint-action|use-compress-program|rsh-command|info-script)|^-[a-zA-Z]*[IF]$/.test(operand)))
    return "makes tar run another program";
  const isMaking = operands.some((operand) => /^(-?[a-zA-Z]*[cru][a-zA-Z]*|--create|--append|--update)$/.test(operand));
  if (operands.some((operand) => /^(-[a-zA-Z]*P[a-zA-Z]*|--absolute-names)$/.test(operand))) return "may unpack files outside the worktree";
  return isMaking
    ? (firstWhy(operands, (operand, index) => (/^-?[a-zA-Z]*f$/.test(operands[index - 1] ?? "") ? scene.writing(operand) : undefined)) ??
        shortTarget("f", operands, scene) ??
        optionTarget(/^--file$/, operands, scene))
    : (bundled(operands, scene) ?? shortTarget("C", operands, scene) ?? optionTarget(/^--directory$/, operands, scene));
}

/** tar's options without a dash have their values behind them, in an order that is not followed here. */
function bundled([options = "", ...values]: readonly string[], scene: CommandScene): string | undefined {
  return /^[a-zA-Z]*C[a-zA-Z]*$/.test(options) ? firstWhy(values, scene.writing) : undefined;
}

/** `letters`: its short options that name a file or folder to write to. */
export function download(operands: readonly string[], scene: CommandScene, letters: string, option: RegExp): string | undefined {
  for (const operand of operands) if (!operand.startsWith("-")) scene.downloads.add(baseName([operand.replace(/[?#].*$/, "")]));
  return shortTarget(letters, operands, scene) ?? optionTarget(option, operands, scene);
}

export function container(operands: readonly string[], scene: CommandScene): string | undefined {
  if (operands.some((operand) => /^--(privileged|pid=host|net=host|network=host|userns=host)$/.test(operand)))
    return "gives a container the rights of the machine";
  return firstWhy(operands, (operand, index) => {
    const isMount = /^(-v|--volume|--mount)$/.test(operands[index - 1] ?? "") || /^(-v.|--volume=|--mount=)/.test(operand);
    if (!isMount) return undefined;
    const source = /(?:source|src)=([^,]*)/.exec(operand)?.[1] ?? operand.replace(/^(-v|--volume=|--mount=)/, "").split(":")[0] ?? "";
    return /^[./~\u{F0001}]/u.test(source) ? scene.writing(source) : undefined;
  });
}

export function optionTarget(option: RegExp, operands: readonly string[], scene: CommandScene): string | undefined {
  return firstWhy(operands, (operand, index) => {
    const equals = operand.indexOf("=");
    if (equals > 0 && option.test(operand.slice(0, equals))) return scene.writing(untilded(operand.slice(equals + 1)));
    return option.test(operands[index - 1] ?? "") ? scene.writing(operand) : undefined;
  });
}

/** `~` inside a word is nothing to the shell, but to many programs. */
export function untilded(path: string): string {
  return path.replace(/^~(?=\/|$)/, home);
}

/** The same for short options, which may stand behind others of one letter and have their value attached: `-Lo x`, `-Lox`. */
export function shortTarget(letters: string, operands: readonly string[], scene: CommandScene): string | undefined {
  const option = new RegExp(`^-[a-zA-Z]*?[${letters}](.*)$`, "s");
  return firstWhy(operands, (operand, index) => {
    const attached = option.exec(operand)?.[1];
    return attached === undefined ? undefined : scene.writing(attached === "" ? (operands[index + 1] ?? ".") : attached);
  });
}

export function valueOf(operand: string): string {
  const match = /^--?[\w-]+=(.*)$/s.exec(operand);
  return match?.[1] ?? (operand.startsWith("-") ? "./-" : operand);
}
