/** What is in the built bundles, read from esbuild's metafile: the second guard of the layers. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

interface Metafile {
  readonly outputs: Readonly<
    Record<string, { readonly bytes: number; readonly inputs: Readonly<Record<string, unknown>>; readonly imports: readonly { readonly path: string }[] }>
  >;
}

const meta = JSON.parse(readFileSync(fileURLToPath(new URL("../../dist/meta.json", import.meta.url)), "utf8")) as Metafile;

function bundle(name: string): { inputs: string[]; externals: string[] } {
  const output = meta.outputs[`dist/${name}`];
  if (output === undefined) throw new Error(`dist/${name} is not built: run npm run build`);
  return { inputs: Object.keys(output.inputs), externals: output.imports.map(({ path }) => path) };
}

test("the extension holds no library of the workers and no worker", () => {
  const { inputs } = bundle("extension.cjs");
  expect(inputs.filter((input) => /node_modules\/(execa|simple-git|@agentclientprotocol|zod)\/|src\/(worker|terminal|webview\/app)\//.test(input))).toEqual([]);
  expect(inputs).toContain("src/engine/taskEngine.ts");
});

test("the worker knows neither VS Code nor the engine, the store, the host or the views", () => {
  const { inputs, externals } = bundle("worker.cjs");
  expect(externals).not.toContain("vscode");
  expect(inputs.filter((input) => /src\/(engine|store|host|views|webview|commands|platform|terminal)\//.test(input))).toEqual([]);
  expect(inputs).toContain("src/worker/goose/runGoose.ts");
});

test("the terminal does not need VS Code", () => {
  const { inputs, externals } = bundle("cli.cjs");
  expect(externals).not.toContain("vscode");
  expect(inputs.filter((input) => /src\/(views|webview|commands|platform)\//.test(input))).toEqual([]);
});

test("the worker without a model is in no bundle, not even by its name", () => {
  for (const name of Object.keys(meta.outputs)) {
    expect(readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), "utf8"), name).not.toContain("FileSystemWorker");
  }
});

test("no test helper and no server is in any bundle", () => {
  for (const [name, output] of Object.entries(meta.outputs)) {
    const inputs = Object.keys(output.inputs);
    expect(
      inputs.filter((input) => input.startsWith("test/")),
      name,
    ).toEqual([]);
    expect(
      output.imports.map(({ path }) => path).filter((path) => /^(node:)?(http2?|https|net|dgram|tls)$/.test(path)),
      name,
    ).toEqual([]);
  }
});

test("the extension knows its language before any of its modules makes a text", () => {
  const asked = new Set<string>();
  const ask = (_: object, key: string | symbol): PropertyDescriptor => {
    asked.add(String(key));
    return { value: `(${String(key)})`, configurable: true, enumerable: true };
  };
  const vscode = new Proxy<Record<string, unknown>>(
    { l10n: { bundle: new Proxy({}, { getOwnPropertyDescriptor: ask }) }, env: { language: "de" } },
    { get: (known, name) => known[String(name)] ?? Object },
  );
  const file = fileURLToPath(new URL("../../dist/extension.cjs", import.meta.url));
  const require = createRequire(file);
  const module = { exports: {} };
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func -- the built bundle, with a stand-in for VS Code
  const run = new Function("require", "module", "exports", readFileSync(file, "utf8")) as (...parts: readonly unknown[]) => void;
  run((id: string): unknown => (id === "vscode" ? vscode : require(id)), module, module.exports);
  // Constants of platform, views and commands.
  expect([...asked]).toEqual(expect.arrayContaining(["Show Log", "Needs attention", "starting…", "There is no task yet."]));
});
