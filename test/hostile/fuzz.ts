/** `npm run fuzz`: the tests of hostile input with their full numbers. */
import { spawnSync } from "node:child_process";

const { status } = spawnSync(
  process.execPath,
  ["node_modules/vitest/vitest.mjs", "run", "--config", "test/vitest.config.ts", "unit/hostile", "integration/hostile", "webview/hostile"],
  {
    stdio: "inherit",
    env: { ...process.env, FUZZ: "full" },
  },
);
process.exitCode = status ?? 1;
