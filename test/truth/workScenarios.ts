/** What agents do: say much and do nothing, undo, commit, leave the branch, work elsewhere; and what acceptance commands say. */
import { existsSync } from "node:fs";
import { sequence } from "../helpers/modelServer.ts";
import { call, say, shell, turns, write, type ExpectedFailure, type Scenario } from "./scenario.ts";

const unproven: ExpectedFailure = {
  code: "VERIFICATION_FAILED",
  errorClass: "verification",
  next: "again",
  says: /without changing a file.*say in the text of the task/i,
};
const contradicts: ExpectedFailure = {
  code: "VERIFICATION_FAILED",
  errorClass: "verification",
  next: "again",
  says: /nothing had to change.*a\.txt/,
  keeps: "a.txt",
};
const rejected = (says: RegExp, keeps = "a.txt"): ExpectedFailure => ({ ...unproven, says, keeps });
const lostPlace = (says: RegExp): ExpectedFailure => ({ code: "GIT_CONFLICT", errorClass: "git", next: "fails", says, keeps: "a.txt" });
const happy = say("All done: I have finished the task and everything works.");
const claim = "NOTHING TO CHANGE: the greeting is there already.";

const words: readonly Scenario[] = [
  { name: "an answer without any change", script: turns(happy), expected: unproven },
  { name: "the claim in the middle", script: turns(say(`I looked at it. ${claim}`)), expected: unproven },
  {
    name: "the claim quoted",
    script: turns(say('You asked me to begin with "NOTHING TO CHANGE:" if no file has to change. I will change it now.')),
    expected: unproven,
  },
  { name: "the claim quoted at the beginning", script: turns(say('"NOTHING TO CHANGE:" is not the case here. I am done.')), expected: unproven },
  { name: "the claim without a reason", script: turns(say("NOTHING TO CHANGE:")), expected: unproven },
  { name: "the claim only in thoughts", script: turns({ kind: "text", thinking: claim, text: "Done." }), expected: unproven },
  {
    name: "the claim before a tool call, then silence",
    script: turns(shell("true", claim), { kind: "empty" }),
    expected: { code: "GOOSE_NO_ANSWER", errorClass: "provider", next: "again", says: /empty answer.*Retry/ },
  },
  { name: "the claim", script: turns(say(claim)), expected: { done: true, files: [] } },
  { name: "the claim in bold", script: turns(say("**NOTHING TO CHANGE:** the greeting is there already.")), expected: { done: true, files: [] } },
  {
    name: "the claim against a failing command",
    script: turns(say(claim)),
    accept: ["test -s a.txt"],
    expected: { ...unproven, says: /test -s a\.txt.*exit code 1/ },
  },
  { name: "the claim, though a file changed", script: turns(write("a.txt"), say(claim)), expected: contradicts },
  {
    name: "the claim, though a file changed that was accepted",
    script: turns(write("a.txt"), say(claim)),
    accept: ["test -s a.txt"],
    expected: { done: true, files: ["a.txt"] },
  },
  {
    name: "a declined tool call, then happiness",
    script: turns(call({ name: "delegate", arguments: { instructions: "Do it." } }), happy),
    expected: unproven,
  },
];

const outside = "truth-outside.txt";
const edits: readonly Scenario[] = [
  { name: "reverts its own change", script: turns(write("a.txt"), shell("rm a.txt"), happy), expected: unproven },
  {
    name: "reverts what it committed",
    script: turns(write("a.txt"), shell("git add . && git commit -qm x && git revert --no-edit HEAD"), happy),
    expected: unproven,
  },
  { name: "an empty commit of its own", script: turns(shell("git commit -q --allow-empty -m 'Did it'"), happy), expected: unproven },
  { name: "commits by itself", script: turns(write("a.txt"), shell("git add . && git commit -qm mine"), happy), expected: { done: true, files: ["a.txt"] } },
  {
    name: "deletes its branch",
    script: turns(write("a.txt"), shell('git update-ref -d "$(git symbolic-ref HEAD)"'), happy),
    expected: lostPlace(/was deleted.*Retry/),
  },
  { name: "switches its branch", script: turns(write("a.txt"), shell("git switch -qc other"), happy), expected: lostPlace(/instead of.*Retry/) },
  {
    name: "commits on another branch",
    script: turns(write("a.txt"), shell("git switch -qc other && git add . && git commit -qm x"), happy),
    expected: lostPlace(/instead of.*Retry/),
  },
  {
    name: "commits elsewhere and comes back",
    script: turns(write("a.txt"), shell('b=$(git branch --show-current); git switch -qc other && git add . && git commit -qm x && git switch -q "$b"'), happy),
    expected: unproven,
  },
  {
    name: "hides a change from git",
    script: turns(write("a.txt"), shell("echo hello >>README.md; git update-index --skip-worktree README.md"), happy),
    accept: ["grep -q hello README.md"],
    expected: { done: true, files: ["README.md", "a.txt"] },
  },
  { name: "writes outside through the tool", script: turns(write(`../${outside}`), happy), expected: unproven },
  {
    name: "writes outside through the shell",
    script: turns(shell(`echo hello >"$HOME/${outside}"`), happy),
    happened: ({ home }) => existsSync(`${home.dir}/${outside}`),
    expected: unproven,
  },
  { name: "changes only ignored files", script: turns(write("out/a.txt"), happy), files: { ".gitignore": "out/\n" }, expected: unproven },
  {
    name: "writes only into the empty folder of a submodule",
    prepare: (repo) => {
      repo.git("update-index", "--add", "--cacheinfo", `160000,${repo.git("rev-parse", "HEAD")},lib`);
      repo.git("commit", "-qm", "a submodule");
    },
    script: turns(write("lib/a.txt"), happy),
    expected: { ...unproven, next: "fails", says: /folder of a submodule.*\(lib\).*say in its text.*kept at/, keeps: "lib/a.txt" },
  },
  {
    name: "changes only git's own files",
    script: turns(shell('git config user.note x; echo x >>"$(git rev-parse --git-path info/exclude)"'), happy),
    expected: unproven,
  },
];

const acceptance: readonly Scenario[] = [
  {
    name: "acceptance fails",
    script: turns(write("a.txt"), happy),
    accept: ["grep -q finished a.txt"],
    expected: rejected(/grep -q finished a\.txt.*exit code 1.*(look|mend)/i),
  },
  {
    name: "acceptance passes the second time",
    script: turns(write("a.txt"), say("Done."), write("a.txt", "finished\n"), say("Now it is finished.")),
    accept: ["grep -q finished a.txt"],
    expected: { done: true, files: ["a.txt"] },
  },
  {
    name: "acceptance takes too long",
    script: turns(write("a.txt"), happy),
    accept: ["sleep 600"],
    settings: { wallClockMinutes: 10 / 60 },
    expected: rejected(/sleep 600.*did not end in time.*make it faster/),
  },
  {
    name: "the program of the acceptance is missing",
    script: turns(write("a.txt"), happy),
    accept: ["no-such-program --check"],
    expected: rejected(/no-such-program.*not found.*install/i),
  },
  {
    name: "acceptance by a file of the user's checkout",
    script: turns(write("a.txt"), happy),
    untracked: { "dist/ok": "yes\n" },
    accept: ["test -e dist/ok"],
    expected: rejected(/test -e dist\/ok/),
  },
  {
    name: "acceptance by a leftover of the attempt before",
    script: sequence([write("a.txt"), { kind: "length", text: "I have do" }, happy]),
    accept: ["test -e a.txt"],
    runs: 2,
    expected: unproven,
  },
  {
    name: "the only change is made by the acceptance itself",
    script: turns(happy),
    accept: ["date >report.txt"],
    expected: unproven,
  },
  {
    name: "the change is undone, the acceptance's own file stays",
    script: turns(write("a.txt"), say("Done."), shell("rm a.txt"), happy),
    accept: ["echo ran >>report.txt; ! test -e a.txt"],
    expected: { ...unproven, keeps: "report.txt" },
  },
  {
    name: "the acceptance takes the work back",
    script: turns(write("a.txt"), happy),
    accept: ["git clean -fdq"],
    expected: { ...unproven, next: "fails", says: /took back all that Goose had changed \(a\.txt\).*mend the commands/i },
  },
  {
    name: "acceptance by a file that git ignores",
    script: turns(write("a.txt"), write("out/b.txt"), happy),
    files: { ".gitignore": "out/\n" },
    accept: ["test -s out/b.txt"],
    expected: { done: true, files: ["a.txt"], tells: /Not committed, because Git ignores .*out/ },
  },
];

export const workScenarios: readonly Scenario[] = [...words, ...edits, ...acceptance];
