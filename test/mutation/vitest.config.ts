import { defineConfig } from "vitest/config";

/** The engine's examples. What plays through thousands of histories finds too few mutants for its time. */
export default defineConfig({
  test: {
    // A worker for each file costs more than the tests of most mutants.
    isolate: false,
    root: new URL("..", import.meta.url).pathname,
    include: ["unit/engine/**/*.test.ts"],
    exclude: [
      "**/commandProperties.test.ts",
      "**/crashPoints*.test.ts",
      "**/engineModel.test.ts",
      "**/machineModel.test.ts",
      "**/selectProperties.test.ts",
      "**/talkCrashes.test.ts",
    ],
  },
});
