import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Benchmark, Measurement } from "./benchmark.ts";

const files = ["extension.cjs", "worker.cjs", "cli.cjs", "webview/runView.js"];
const extensionLimit = 150;

/** Sizes of what is shipped; the limit is on what VS Code's extension host has to load. 1 kB is 1000 bytes. */
export const bundles: Benchmark = ({ dist }) => {
  const contents = files.map((file) => [file, readFileSync(join(dist, file))] as const);
  const measurements = contents.map(([file, bytes]): Measurement => {
    const size = bytes.length / 1000;
    const limit = { text: `<= ${extensionLimit} kB`, met: size <= extensionLimit };
    return { what: file, unit: "kB", ours: size, ...(file === "extension.cjs" ? { goal: limit } : {}) };
  });
  const compressed = contents.map(([file, bytes]) => `${file} ${(gzipSync(bytes).length / 1000).toFixed(1)} kB`);
  const isDevelopment = contents.some(([, bytes]) => bytes.includes("sourceMappingURL="));
  return Promise.resolve({
    measurements,
    notes: [`with gzip: ${compressed.join(", ")}`, ...(isDevelopment ? ['THIS IS A DEVELOPMENT BUILD, NOT MINIFIED: run "npm run bench"'] : [])],
  });
};
