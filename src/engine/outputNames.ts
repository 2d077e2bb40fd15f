/** Where programs write, as data: the options that say it, and the operands that are written. Names are lower case, without versions. */

const perName = <T>(rows: readonly (readonly [programs: string, of: T])[]): ReadonlyMap<string, T> =>
  new Map(rows.flatMap(([programs, of]) => programs.split(" ").map((program) => [program, of] as const)));

/** Options that name what is written, or the folder in which the program works. Without a dash: variables of make. `-o` goes for all programs. */
export const writingOptions: ReadonlyMap<string, readonly string[]> = perName([
  ["npm", ["-C", "--prefix"]],
  ["pnpm", ["-C", "--dir"]],
  ["yarn bun", ["--cwd"]],
  ["make gmake", ["-C", "--directory", "DESTDIR", "PREFIX", "prefix"]],
  ["ninja meson", ["-C"]],
  ["cmake", ["-B", "--build"]],
  ["mvn mvnw", ["-f", "--file"]],
  ["gradle gradlew", ["-p", "--project-dir"]],
  ["cargo", ["-C", "--manifest-path", "--root"]],
  ["go", ["-C", "-coverprofile", "-cpuprofile", "-memprofile", "-blockprofile", "-mutexprofile", "-trace", "-outputdir"]],
  ["pip", ["-t", "--target", "--root", "--src", "-d", "-w", "--wheel-dir", "-e", "--editable"]],
  ["uv", ["--target", "--directory", "--project"]],
  ["poetry", ["-C", "--directory", "--project"]],
  ["composer", ["-d", "--working-dir"]],
  ["just", ["-d", "--working-directory"]],
  ["terraform tofu", ["-chdir"]],
  ["tsc", ["-outDir", "-outFile", "-declarationDir", "--declarationDir", "-tsBuildInfoFile", "--tsBuildInfoFile"]],
  ["javac kotlinc scalac babel", ["-d"]],
  ["rollup", ["-d", "--dir", "--file"]],
  ["protoc", ["--cpp_out", "--csharp_out", "--go_out", "--java_out", "--js_out", "--python_out", "--ruby_out", "--ts_out"]],
  ["openssl", ["-out", "-keyout"]],
  ["curl", ["-c", "--cookie-jar", "-D", "--dump-header"]],
  ["pg_dump pg_dumpall", ["-f", "--file"]],
  ["mysqldump", ["-r", "--result-file"]],
  ["ssh-keygen", ["-f"]],
  ["mktemp", ["-p", "--tmpdir"]],
  ["aria2c", ["-d", "--dir"]],
]);

/** Of these `-o` says something else, or other programs that have it stand behind them. */
export const withoutOutput: ReadonlySet<string> = new Set(
  "grep egrep fgrep zgrep rg ag ack ls ps lsof pgrep pkill find fd test [ [[ echo printf git ssh rsync unzip tar column join od less df ip set nm strings size docker docker-compose podman nerdctl".split(
    " ",
  ),
);

/** Which operands a program writes, and when. */
export interface WrittenOperands {
  readonly which: "all" | "first" | "last";
  /** The first operand, which is then none of them. */
  readonly verb?: RegExp;
  /** One of the words must be this, */
  readonly only?: RegExp;
  /** and none this. */
  readonly never?: RegExp;
  /** Options whose values are no operands. */
  readonly valued?: RegExp;
}

const config = /^(-c|--config|--ignore-path)$/;

export const writtenOperands: ReadonlyMap<string, readonly WrittenOperands[]> = perName<readonly WrittenOperands[]>([
  ["gzip gunzip bzip2 bunzip2 xz unxz lzma zstd unzstd lz4", [{ which: "all", never: /^-[a-zA-Z\d]*[ctl]|^--(stdout|to-stdout|test|list)$/ }]],
  ["dos2unix unix2dos mktemp", [{ which: "all" }]],
  ["prettier", [{ which: "all", only: /^(-w|--write)$/, valued: config }]],
  ["eslint stylelint standard xo", [{ which: "all", only: /^--fix$/, valued: config }]],
  ["biome", [{ which: "all", verb: /^(check|format|lint)$/, only: /^--(write|fix|apply(-unsafe)?)$/ }]],
  ["gofmt goimports shfmt", [{ which: "all", only: /^-w$/ }]],
  ["clang-format yq autopep8 yapf", [{ which: "all", only: /^(-i|--in-?place)$/ }]],
  ["black isort rustfmt", [{ which: "all", never: /^(-c|--check(-only)?|--diff)$/, valued: /^(--config|--settings-path)$/ }]],
  [
    "ruff",
    [
      { which: "all", verb: /^format$/, never: /^--(check|diff)$/, valued: config },
      { which: "all", verb: /^check$/, only: /^--fix$/, valued: config },
    ],
  ],
  ["zip", [{ which: "first" }]],
  ["7z 7za 7zr 7zz", [{ which: "first", verb: /^[aud]$/ }]],
  ["ffmpeg", [{ which: "last", valued: /^-i$/ }]],
  ["convert magick", [{ which: "last" }]],
  ["venv virtualenv", [{ which: "last", valued: /^(-p|--python|--prompt)$/ }]],
  ["uv", [{ which: "last", verb: /^(venv|init)$/, valued: /^(-p|--python|--prompt|--name)$/ }]],
  ["cargo", [{ which: "last", verb: /^(new|init)$/ }]],
  ["poetry rails", [{ which: "last", verb: /^new$/ }]],
  ["hg svn", [{ which: "last", verb: /^(clone|checkout|co|export)$/ }]],
  ["gh", [{ which: "last", verb: /^repo$/, only: /^clone$/ }]],
  ["degit create-vite create-next-app create-react-app", [{ which: "last" }]],
]);
