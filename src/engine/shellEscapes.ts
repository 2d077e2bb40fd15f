const named: ReadonlyMap<string, string> = new Map(
  Object.entries({ n: "\n", t: "\t", r: "\r", a: "", b: "", e: "", E: "", f: "", v: "", "\\": "\\", "'": "'", '"': '"', "?": "?" }),
);
const escapes = /\\(?:x([0-9A-Fa-f]{1,2})|u([0-9A-Fa-f]{1,4})|U([0-9A-Fa-f]{1,8})|([0-7]{1,3})|(.))/gs;

/** The text of `$'…'`, and of what `echo -e` and `printf` are told to print. */
export function ansiText(text: string): string {
  return text.replaceAll(escapes, (whole: string, ...found: readonly (string | undefined)[]) => {
    const [hex, short, long, octal, letter] = found;
    const digits = hex ?? short ?? long;
    if (digits !== undefined) return character(Number.parseInt(digits, 16));
    if (octal !== undefined) return character(Number.parseInt(octal, 8));
    return named.get(letter ?? "") ?? whole;
  });
}

function character(code: number): string {
  return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
}
