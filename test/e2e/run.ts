/**
 * The tests in a real VS Code, on the packaged extension. First the suite inside the extension host, launched by
 * @vscode/test-electron (TASK_MASTER_VSCODE names a desktop VS Code; else the code-server host of test/helpers), then the
 * drive of the user interface through the browser.
 */
import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runTests } from "@vscode/test-electron";
import { build } from "esbuild";
import { gooseBinary } from "../helpers/gooseBinary.ts";
import { startModelServer, sequence } from "../helpers/modelServer.ts";
import { createTempDir, createTempRepo } from "../helpers/tempRepo.ts";
import { installVsix, profileIn } from "../helpers/vscodeHost/codeServer.ts";
import { setUpHost } from "../helpers/vscodeHost/setup.ts";
import { extensionId, packageExtension } from "./prepare.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const say = (line: string): void => void process.stderr.write(`${line}\n`);

using work = createTempDir("tm-e2e-");
const vsix = packageExtension(work.dir);
const host = await setUpHost(say);
await runInHost(vsix);
say("Driving the user interface");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const { status } = spawnSync(process.execPath, [vitest, "run", "--config", join(root, "test/vitest.config.ts"), "--project", "e2e", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, TASK_MASTER_VSIX: vsix },
});
process.exitCode = status ?? 1;

/** Installs the package and runs the in-host suite against it; the dummy development extension keeps it in production mode. */
async function runInHost(packaged: string): Promise<void> {
  using repo = createTempRepo();
  using home = createTempDir("tm-home-");
  const model = await startModelServer(
    sequence([
      { kind: "tools", calls: [{ name: "write", arguments: { path: "a.txt", content: "x\n" } }] },
      { kind: "text", text: "Done." },
    ]),
  );
  try {
    const suite = join(work.dir, "suite.cjs");
    await build({
      entryPoints: [join(root, "test/e2e/inHost/suite.ts")],
      outfile: suite,
      bundle: true,
      platform: "node",
      format: "cjs",
      external: ["vscode"],
      logLevel: "warning",
    });
    work.write("dummy/package.json", JSON.stringify({ name: "dummy", publisher: "test", version: "0.0.0", engines: { vscode: "*" } }));
    const profile = profileIn(join(work.dir, "p"));
    repo.write(".vscode/settings.json", JSON.stringify({ "git.enabled": false })); // VS Code's own Git extension would start processes too
    const desktop = process.env["TASK_MASTER_VSCODE"];
    if (desktop === undefined) await installVsix(host, profile, packaged);
    await runTests({
      vscodeExecutablePath: desktop ?? host.executable,
      extensionDevelopmentPath: join(work.dir, "dummy"),
      extensionTestsPath: suite,
      launchArgs: [
        repo.dir,
        `--user-data-dir=${profile.userDataDir}`,
        `--extensions-dir=${profile.extensionsDir}`,
        ...(desktop === undefined ? [] : [`--install-extension=${packaged}`]),
      ],
      // The host stays in the cache of the real home.
      extensionTestsEnv: {
        XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
        HOME: home.dir,
        ...model.env,
        GOOSE_BINARY: gooseBinary(),
        TASK_MASTER_EXTENSION: extensionId,
        TASK_MASTER_EXTENSIONS_DIR: profile.extensionsDir,
      },
    });
  } finally {
    await model.close();
  }
}
