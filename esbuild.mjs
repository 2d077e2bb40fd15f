// Builds the four shipped bundles: extension host, worker thread, terminal and run view.
// Usage: node esbuild.mjs [--production] [--watch]. The metafile goes to dist/meta.json for the architecture tests.
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { build, context } from "esbuild";

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");

const shared = {
  bundle: true,
  minify: production,
  sourcemap: production ? false : "linked",
  metafile: true,
  logLevel: "warning",
};
/** CommonJS for Node: VS Code's extension host loads `main` with require(). */
const node = { ...shared, platform: "node", format: "cjs", target: "node22", external: ["vscode"], outExtension: { ".js": ".cjs" } };
const bundles = [
  { ...node, entryPoints: { extension: "src/extension.ts", worker: "src/worker/harness.ts" }, outdir: "dist" },
  { ...node, entryPoints: { cli: "src/cli.ts" }, outdir: "dist", banner: { js: "#!/usr/bin/env node" } },
  { ...shared, platform: "browser", format: "iife", target: "es2022", entryPoints: { runView: "src/webview/app/runView.ts" }, outdir: "dist/webview" },
];

if (watch) {
  const reporter = {
    name: "problem-matcher",
    setup(b) {
      b.onStart(() => console.log("[watch] build started"));
      b.onEnd(({ errors }) => {
        for (const { text, location } of errors) console.error(`✘ [ERROR] ${text}\n    ${location?.file}:${location?.line}:${location?.column}:`);
        console.log("[watch] build finished");
      });
    },
  };
  for (const options of bundles) await (await context({ ...options, plugins: [reporter] })).watch();
} else {
  rmSync("dist", { recursive: true, force: true });
  const results = await Promise.all(bundles.map((options) => build(options)));
  const meta = { inputs: {}, outputs: {} };
  for (const { metafile } of results) {
    Object.assign(meta.inputs, metafile.inputs);
    Object.assign(meta.outputs, metafile.outputs);
  }
  writeFileSync("dist/meta.json", JSON.stringify(meta));
  chmodSync("dist/cli.cjs", 0o755);
}
