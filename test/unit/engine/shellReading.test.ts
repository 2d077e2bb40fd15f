/** The shell's own grammar is followed to what a command is and where it writes: quotes, expansions, documents, compounds, folders. */
import { describe, expect, test } from "vitest";
import { reviewCommand } from "../../../src/engine/commandReview.ts";

const review = (text: string) => reviewCommand(text, "/home/u/work/t1");

describe("leads to a file beside the worktree", () => {
  test.each([
    'touch "../x"',
    "touch '../x'",
    "touch $'../x'",
    "touch $'\\x2e./x'",
    "touch $'\\056./x'",
    "touch $'\\u002e./x'",
    'touch $"../x"',
    String.raw`touch \.\./x`,
    String.raw`touch ..\/x`,
    "touch .\\\n./x",
    "touch {a,../x}",
    "touch a{b,/../../x}",
    "touch {a,{b,../x}}",
    'X=../x; touch "$X"',
    "X=../x; touch ${X}",
    "X=.; touch $X$X/x",
    "X=a Y=../x; touch $Y",
    "X+=../x; touch $X",
    "X=a; X=../x; touch $X",
    "touch $(echo ../x)",
    "touch `echo ../x`",
    "touch $(printf ../x)",
    "touch $(printf '%s' ../x)",
    "touch $(echo -n ../x)",
    'touch "$(echo ../x)"',
    "touch $(pwd)/../x",
    "touch $PWD/../x",
    "for f in a ../x; do touch $f; done",
    "cat <<EOF > ../x\nEOF",
    "cat <<-EOF > ../x\n\tEOF",
    "cat > ../x <<< a",
    "{ ls; } > ../x",
    "(cd ..; touch x)",
    "{ cd ..; }; touch x",
    "cd src; cd ..; touch ../x",
    "ls > x 2> ../x",
    "ls 2>> ../x",
    "ls &> ../x",
    "ls &>> ../x",
    "ls >& ../x",
    "ls <> ../x",
    "ls >| ../x",
    "ls {fd}> ../x",
    "> ../x",
    ">../x",
    "ls>../x",
  ])("%s", (line) => {
    expect(review(line).dangers).toEqual(["changes /home/u/work/x, outside the worktree"]);
  });
});

describe("leads to a place in the home folder", () => {
  test.each(["touch ~/x", "touch ~root/x", "touch $HOME/x", 'touch "${HOME}/x"', "cd; touch x", "cd ~; touch x", "X=~/x; touch $X", "touch ~/a/../x"])(
    "%s",
    (line) => {
      expect(review(line).dangers).toEqual(["changes ~/x, outside the worktree"]);
    },
  );
});

describe("is git push", () => {
  test.each(["'git' push", "g''it push", String.raw`g\it push`, "$'git' push", "git p{ush,ull}", "g=git; $g push"])("%s", (line) => {
    expect(review(line).dangers).toEqual(["changes a remote repository"]);
  });
});

describe("is read as a command among others", () => {
  test.each([
    "ls; git push",
    "git push; ls",
    "git push & ls",
    "ls | git push",
    "ls |& git push",
    "ls && git push",
    "ls || git push",
    "! git push",
    "time git push",
    "ls\ngit push",
    "ls # a\ngit push",
    "ls#a; git push",
    "(git push)",
    "( git push ) > x",
    "{ git push; } > x",
    "((x++)); git push",
    "[[ a == b && $(git push) ]]",
    "[[ a =~ (b|c) ]] && git push",
    "[ -n `git push` ]",
    "for x in a b; do git push; done",
    "for x; do git push; done",
    "for x in $(git push); do ls; done",
    "for ((i=0;i<3;i++)); do git push; done",
    "select x in a; do git push; done",
    "while :; do git push; done",
    "while git push; do :; done",
    "until git push; do :; done",
    "if git push; then a; fi",
    "if a; then b; elif git push; then c; else d; fi",
    "if a; then b; else git push; fi",
    "case $(git push) in a) b;; esac",
    "case a in (a) git push;; esac",
    "case a in a|b) ls;; *) git push;; esac",
    "case a in a) ls;& b) git push;; esac",
    "case a in a) git push\nesac",
    "function f { git push; }; f",
    "function f() { git push; }",
    "f () { git push; }",
    "X=$(git push)",
    "X=$(git push) ls",
    "ls > $(git push)",
    "ls < <(git push)",
    "echo ${X:-$(git push)}",
    'echo "a ${X:-"$(git push)"} b"',
    'echo "$(echo "$(git push)")"',
    "echo `echo \\`git push\\``",
    "cat <<EOF\n$(git push)\nEOF",
    "cat <<A <<B\n$(git push)\nA\nB",
    "cat <<A <<'B'\na\nA\n$(ls)\nB\ngit push",
    "cat <<EOF\na\nEOF\ngit push",
    "cat <<-EOF\n\ta\n\tEOF\ngit push",
    "cat <<EOF; git push\nEOF",
    "cat <<EOF | bash\ngit push\nEOF",
    "bash <<-EOF\n\tgit push\n\tEOF",
    "cat <<< $(git push)",
    "case $X in\n  a)\n    ls\n    ;;\n  (b | c)\n    git push\n    ;;\nesac",
    "case a in a) ls;;& b) git push;; esac",
    "case a in a) ;; esac; git push",
    "case a in esac; git push",
    "case a\nin a) git push;; esac",
    "for x\nin a b\ndo\n  git push\ndone",
    "for x in a; do ls; done; git push",
    "while ls\ndo\n  git push\ndone",
    "if ls\nthen\n  ls\nelse\n  git push\nfi",
    "f ()\n{\n  git push\n}",
    "f() ( git push )",
    "function f\n{ git push; }",
    "ls |\n  git push",
    "ls &&\n\n  git push",
    "{\n  ls\n  git push\n}",
    "(\n  ls\n  git push\n)",
    "[[ -f a\n&& -f b ]]; git push",
    "[[ ! ( -f a ) ]] || git push",
    "((x = (1 + 2) * 3)) && git push",
    "echo $((1 + (2 * 3))); git push",
    "X=(a b 'c d'); git push",
    "X=(\n  a\n  b\n); git push",
    "X=(a $(git push))",
    "X[1]=a; git push",
    "X[10]+=a git push",
    "X=a Y=b git push",
    "3>a git push",
    "12>a git push",
    "{log_1}>a git push",
    "ls >a 2>&1; git push",
    "ls \\\n  -a; git push",
    "ls \\\r\n  -a; git push",
    "ls;\tgit push",
    "ls;\rgit push",
    'echo "a\\"b"; git push',
    "echo 'a'\"b\"c; git push",
    "echo $'a\\'b'; git push",
    'echo "$(echo ")")"; git push',
    'echo "`echo a`"; git push',
    'echo "`git push`"',
    "echo `echo \\\\a`; git push",
    'echo "$((1 + 2))"; git push',
    "echo ${X:-a}; git push",
    "echo ${X:-'}'}; git push",
    "echo ${X/${Y}/a}; git push",
    "echo $ a; git push",
    'echo "$"; git push',
    "echo ~; git push",
    "echo a~ ~b; git push",
    "echo a#b; git push",
    "echo '' \"\"; git push",
    "cat <<A; git push\n$X ${Y} \\$Z\nA",
    "cat <<-A\n\t\ta\n\tb\n\tA\ngit push",
    'cat <<"A B"\na\nA B\ngit push',
    "cat <<$A\na\n$A\ngit push",
    "cat <<A\nA\n\ngit push",
    "if cat <<A\na\nA\nthen git push; fi",
    "time -p git push",
    "! ! git push",
  ])("%s", (line) => {
    expect(review(line).dangers).toEqual(["changes a remote repository"]);
    // Only a command that was read, not a text that was searched, gives this one away.
    expect(review(line.replace("git push", "touch ../x")).dangers).toEqual(["changes /home/u/work/x, outside the worktree"]);
  });
});

describe("cannot be read, so that its text is searched", () => {
  test.each([
    "echo 'git push",
    'echo "git push',
    "echo $(git push",
    "echo `git push",
    "( git push",
    "{ git push",
    "if git push",
    "if a; then git push",
    "while git push",
    "case git push in",
    ") git push",
    "done; git push",
    "git push )",
    "cat <<EOF\ngit push",
    "echo ${X git push",
  ])("%s", (line) => {
    expect(review(line)).toEqual({ dangers: ["changes a remote repository"], programs: undefined });
  });
});

describe("is no danger", () => {
  test.each([
    "echo 'git push'",
    'echo "git push"',
    "echo git push",
    String.raw`echo "\$(git push)"`,
    "echo '$(git push)'",
    "ls # git push",
    "cat <<'EOF'\n$(git push)\nEOF",
    'cat <<"EOF"\n$(git push)\nEOF',
    "cat <<\\EOF\n$(git push)\nEOF",
    "cat <<EOF\n\\$(git push)\nEOF",
    "cat <<EOF\ngit push\nEOF",
    "(cd ..); ls; touch x",
    "(cd ..; ls); touch x",
    "X=../x; (X=a); echo $X",
    "ls >&2",
    "ls 2>&1",
    "ls 2>&-",
    "ls < ../x",
    'touch "~/x"',
    "touch a~",
    "touch {1..3}",
    "touch {a}",
    "touch ${X%.txt}",
    "touch /tmp/x",
    "touch /var/tmp/x",
    "touch /private/tmp/x",
    "rm -rf /tmp/a$$",
    "touch /dev/null",
    "touch /dev/fd/3",
    "touch /home/u/work/t1/a",
    "case a in (a) ls;; esac",
    "case a in a) ls esac;; esac",
    "echo if then fi",
    "echo }",
    "echo {",
    "echo $((1+2))",
    "echo a#b",
    "[[ a =~ ^(b|c)$ ]] && ls",
  ])("%s", (line) => {
    expect(review(line).dangers).toEqual([]);
  });
});

test.each([
  ["touch /tmp", "changes /tmp, outside the worktree"],
  ["rm -rf /tmp/", "deletes /tmp, outside the worktree"],
  ["rm -rf /tmp/*", "deletes /tmp/*, outside the worktree"],
  ["touch /dev/sda", "changes /dev/sda, outside the worktree"],
  ["touch C:/x", "changes C:/x, outside the worktree"],
  [String.raw`touch 'C:\x\y'`, "changes C:/x/y, outside the worktree"],
  ["rm -rf /home/u/work/t1", "deletes the worktree as a whole"],
  ["rm -rf /home/u/work/t1/a/..", "deletes the worktree as a whole"],
  ["rm -rf /home/u/work/t12", "deletes /home/u/work/t12, outside the worktree"],
  ["rm -rf $1", "deletes folders whose names it tells only while it runs"],
  ['rm -rf "$@"', "deletes folders whose names it tells only while it runs"],
  ["git pu$X", "runs a git command that is not known here"],
])("%s %s", (line, danger) => {
  expect(review(line).dangers).toEqual([danger]);
});

test.each([
  ["ls | wc -l", ["ls", "wc"]],
  ["npm --silent test", ["npm test"]],
  ["npm run build", ["npm run"]],
  ["npm", ["npm"]],
  ["make -j4 all", ["make all"]],
  ["/usr/bin/make all", ["make all"]],
  ["npm 'a b'", ["npm"]],
  ["tsc -p .", ["tsc"]],
  ["X=a ls", ["ls"]],
  ["echo $(ls)", ["ls", "echo"]],
])("%s runs %j", (line, programs) => {
  expect(review(line)).toEqual({ dangers: [], programs });
});

test("holds characters that no text needs", () => {
  for (const mark of ["\u{F0000}", "\u{F0001}"])
    expect(review(`ls ${mark}`), mark).toEqual({ dangers: ["holds characters that no text needs"], programs: undefined });
});
