/** npm run demo: two tasks that depend on each other, worked by the real Goose through the built terminal. Only the model is scripted. */
import { DemoQueue, type DemoTask } from "./demoQueue.ts";

const say = (text = ""): void => void process.stdout.write(`${text}\n`);
const heading = (text: string): void => say(`\n== ${text}`);

let demo: DemoQueue | undefined;
let interrupted = false;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupted = true;
    void demo?.interrupt();
  });
}

async function main(): Promise<number> {
  demo = await DemoQueue.create();
  try {
    heading(`A scratch repository: ${demo.repo}`);
    demo.addTasks();
    await demo.runVisibly("list");
    heading("task-master-goose run --all");
    const exitCode = await demo.runVisibly("run", "--all");
    if (interrupted) return 130;
    const problems = [...(exitCode === 0 ? [] : [`run ended with exit code ${exitCode}`]), ...show(demo)];
    heading(problems.length === 0 ? "It worked." : "It did not work:");
    for (const problem of problems) say(`  ${problem}`);
    sayWhereToLook(demo);
    return problems.length === 0 ? 0 : 1;
  } finally {
    await demo.server.close();
    if (interrupted) demo.remove();
  }
}

/** Shows what the tasks left in the repository; returns what is not as it must be. */
function show(queue: DemoQueue): readonly string[] {
  const tasks = queue.tasks();
  const problems = tasks.filter(({ status }) => status !== "done").map(({ title, status }) => `"${title}" is ${status}, not done`);
  const [first, second] = tasks.map(({ branch }) => branch);
  if (typeof first !== "string" || typeof second !== "string") return [...problems, "a task has no branch"];
  heading("The branches: each task starts from the one that it depends on");
  say(queue.git("log", "--graph", "--oneline", "--decorate", "main", first, second));
  for (const { title, branch } of tasks) showTask(queue, title, branch);
  return [...problems, ...missing(queue, first, second)];
}

function showTask(queue: DemoQueue, title: DemoTask["title"], branch: DemoTask["branch"]): void {
  heading(title);
  if (branch !== null) say(queue.git("show", "--stat", "--patch", "--format=%h %an%n%n%B", branch));
}

function missing(queue: DemoQueue, first: string, second: string): readonly string[] {
  const facts: readonly (readonly [holds: boolean, problem: string])[] = [
    [queue.gitSucceeds("cat-file", "-e", `${first}:hello.txt`), `hello.txt is not on ${first}`],
    [queue.gitSucceeds("cat-file", "-e", `${second}:hello.txt`), `hello.txt is not on ${second}`],
    [queue.gitSucceeds("cat-file", "-e", `${second}:response.txt`), `response.txt is not on ${second}`],
    [queue.git("rev-parse", first) !== queue.git("rev-parse", "main"), `${first} has no commit of its own`],
    [queue.gitSucceeds("merge-base", "--is-ancestor", first, second), `${second} does not contain the commit of ${first}`],
    [queue.git("status", "--porcelain") === "", "the checkout was changed"],
  ];
  return facts.filter(([holds]) => !holds).map(([, problem]) => problem);
}

function sayWhereToLook(queue: DemoQueue): void {
  say(`\nLook around:   cd ${queue.repo} && git log --graph --all`);
  say("In VS Code:    npm run demo:vscode   (the same tasks, ready to be run there)");
  say(`Delete it:     rm -rf ${queue.folder}`);
}

// Not left to the event loop: what still holds it would hide behind a demo that does not end.
process.exit(await main());
