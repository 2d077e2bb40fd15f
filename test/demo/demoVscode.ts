/** npm run demo:vscode: the demo's tasks in a real VS Code with the packaged extension; only the model is scripted. Stays until Ctrl-C. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readFileSync } from "node:fs";
import path from "node:path";
import { installVsix, profileIn, startServer } from "../helpers/vscodeHost/codeServer.ts";
import { setUpHost } from "../helpers/vscodeHost/setup.ts";
import { DemoQueue, projectRoot } from "./demoQueue.ts";

/** A VS Code that shows the demo. */
interface Editor {
  /** How to get there, for people. */
  readonly hint: string;
  /** Resolves when the user has closed it. */
  readonly closed: Promise<unknown>;
  stop(): Promise<void>;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const interrupted = Promise.withResolvers<void>();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => interrupted.resolve());

async function main(): Promise<void> {
  node("esbuild.mjs", "--production");
  const demo = await DemoQueue.create();
  let editor: Editor | undefined;
  try {
    const vsix = path.join(demo.folder, "task-master-goose.vsix");
    node("node_modules/@vscode/vsce/vsce", "package", "--no-dependencies", "--out", vsix);
    demo.addTasks();
    const code = desktopCode();
    editor = await (code === undefined ? openCodeServer(demo, vsix) : openDesktop(demo, vsix, code));
    say(`\n${editor.hint}`);
    say('Two tasks wait there: open the Task Master view and use the command "Task Master: Run Next Task".');
    say("Ctrl-C ends the demo and removes its files.");
    await Promise.race([interrupted.promise, editor.closed]);
  } finally {
    await editor?.stop();
    await demo.server.close();
    demo.remove();
  }
}

/** Runs a script of the project with this Node, its output visible. */
function node(script: string, ...args: readonly string[]): void {
  execFileSync(process.execPath, [path.join(projectRoot, script), ...args], { cwd: projectRoot, stdio: ["ignore", "inherit", "inherit"] });
}

/** The `code` of a desktop VS Code on the PATH. Inside a window of a browser VS Code that name opens files there instead. */
function desktopCode(): string | undefined {
  if (process.env["VSCODE_IPC_HOOK_CLI"] !== undefined) return undefined;
  const name = process.platform === "win32" ? "code.cmd" : "code";
  const folders = (process.env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => path.join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function openDesktop(demo: DemoQueue, vsix: string, code: string): Promise<Editor> {
  const profile = profileIn(path.join(demo.folder, "vscode"));
  const own = ["--user-data-dir", profile.userDataDir, "--extensions-dir", profile.extensionsDir];
  // A .cmd file needs the shell; its arguments are paths that we made.
  const options = { env: demo.env, shell: process.platform === "win32" };
  execFileSync(code, [...own, "--install-extension", vsix, "--force"], { ...options, stdio: ["ignore", "ignore", "inherit"] });
  const window = spawn(code, [...own, "--new-window", "--wait", "--disable-workspace-trust", demo.repo], { ...options, stdio: "ignore" });
  await once(window, "spawn");
  const closed = once(window, "exit");
  const stop = async (): Promise<void> => {
    // `code` only starts the application; that one leaves its process id in the profile.
    const pid = numberIn(path.join(profile.userDataDir, "code.lock"));
    if (pid !== undefined && window.exitCode === null) process.kill(pid, "SIGTERM");
    else window.kill("SIGTERM");
    await closed;
  };
  return { hint: `VS Code opens ${demo.repo}`, closed, stop };
}

function numberIn(file: string): number | undefined {
  try {
    const number = Number.parseInt(readFileSync(file, "utf8"), 10);
    return number > 0 ? number : undefined;
  } catch {
    return undefined;
  }
}

async function openCodeServer(demo: DemoQueue, vsix: string): Promise<Editor> {
  say('No desktop VS Code ("code") on the PATH: using code-server, which is VS Code in a browser.');
  const host = await setUpHost(say);
  const profile = profileIn(path.join(demo.folder, "vscode"));
  await installVsix(host, profile, vsix);
  const server = await startServer(host, profile, { env: demo.env });
  const hint = `Open this in a browser: ${server.url}/?folder=${encodeURIComponent(demo.repo)}`;
  return { hint, closed: new Promise(() => undefined), stop: () => server.stop() };
}

try {
  await main();
  process.exit(0);
} catch (error) {
  process.stderr.write(`The demo could not be shown: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
