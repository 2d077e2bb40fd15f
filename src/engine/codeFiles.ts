/** Files that code of another language names as a plain text where it writes: Python, JavaScript, Ruby, PHP. */

const text = /["'`]([^"'`\n]+)["'`]/.source;
/** The home folder is often put in by a call of its own. */
const named = `\\(\\s*(?:(?:os\\.path\\.expanduser|Path|path\\.resolve|File\\.expand_path)\\(\\s*)?[rbuf]?${text}`;
const source = /\(\s*["'`][^"'`\n]*["'`]\s*,\s*/.source;

const writers: readonly RegExp[] = [
  // To read a file is no matter.
  new RegExp(`\\bopen${named}\\)?\\s*,\\s*(?:mode\\s*=\\s*)?["'](?:[wax][bt+]*|rb?\\+b?)["':]`, "g"),
  new RegExp(`\\bPath${named}\\s*\\)(?:\\.expanduser\\(\\))?\\.(?:write_text|write_bytes|touch|mkdir|unlink|rmdir)\\b`, "g"),
  new RegExp(`\\bos\\.(?:mkdir|makedirs|remove|unlink|rmdir|truncate|chmod|rename|replace)${named}`, "g"),
  new RegExp(`\\b(?:writeFile|appendFile|mkdir|unlink|rmdir|truncate|chmod|rename)(?:Sync)?${named}`, "g"),
  new RegExp(
    `\\b(?:createWriteStream|outputFileSync|Deno\\.writeTextFileSync|Bun\\.write|File\\.write|FileUtils\\.touch|FileUtils\\.mkdir_p|file_put_contents)${named}`,
    "g",
  ),
  new RegExp(
    `\\b(?:copyFileSync|cpSync|renameSync|symlinkSync|shutil\\.(?:copy|copy2|copyfile|copytree|move)|os\\.(?:rename|replace|symlink|link))${source}${text}`,
    "g",
  ),
];

/** What the code writes, as far as its text tells. */
export function filesOfCode(code: string): readonly string[] {
  return writers.flatMap((writer) => Array.from(code.matchAll(writer), ([, file = ""]) => file));
}
