import { defineConfig } from "vitest/config";

/** The engine's examples. What plays through thousands of histories finds too few mutants for its time. */
export default defineConfig({
  test: {
    root: new URL("..", import.meta.url).pathname,
    include: ["unit/engine/**/*.test.ts"],
    exclude: ["**/crashPoints.test.ts", "**/engineModel.test.ts", "**/machineModel.test.ts", "**/selectProperties.test.ts"],
  },
});
