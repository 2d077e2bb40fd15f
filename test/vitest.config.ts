import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** One project per kind of test, so that each can run alone: `npm run test:unit`, `npm run test:integration`, ... */
export default defineConfig({
  test: {
    root: import.meta.dirname,
    passWithNoTests: false,
    allowOnly: false,
    coverage: {
      provider: "v8",
      reportsDirectory: "../coverage",
      include: ["**/src/{engine,store,host,worker,model,protocol,base}/**"],
      // The sources lie beside the root of the tests.
      allowExternal: true,
      reporter: ["text-summary", "json-summary"],
      reportOnFailure: true,
    },
    projects: [
      { test: { name: "unit", include: ["unit/**/*.test.ts", "contract/**/*.test.ts"] } },
      { test: { name: "architecture", include: ["architecture/**/*.test.ts"], testTimeout: 120_000 } },
      {
        test: {
          name: "integration",
          include: ["integration/**/*.test.ts"],
          globalSetup: [fileURLToPath(new URL("helpers/leftovers.ts", import.meta.url))],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
      { test: { name: "webview", include: ["webview/**/*.test.ts"], testTimeout: 60_000, hookTimeout: 60_000, fileParallelism: false } },
      {
        test: {
          name: "e2e",
          include: ["e2e/**/*.test.ts"],
          globalSetup: [fileURLToPath(new URL("helpers/leftovers.ts", import.meta.url))],
          testTimeout: 180_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
