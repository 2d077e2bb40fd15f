import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createTempDir } from "./tempRepo.ts";

/** A disk of a few megabytes, in memory. */
export interface SmallDisk {
  readonly dir: string;
  /** Leaves no room at all. */
  fill(): void;
  /** Takes back what `fill` took. */
  free(): void;
  dispose(): void;
}

/** Mounts one (as root, or by sudo where it asks for no password); undefined where that is not allowed. With CI=true that is an error. */
export function mountSmallDisk(megabytes: number): SmallDisk | undefined {
  const temporary = createTempDir("task-master-disk-");
  const dir = join(temporary.dir, "disk");
  mkdirSync(dir);
  try {
    run("mount", "-t", "tmpfs", "-o", `size=${megabytes}m,mode=0777`, "tmpfs", dir);
  } catch (error) {
    temporary.dispose();
    if (process.env["CI"] === "true") throw error;
    return undefined;
  }
  const ballast = join(dir, "ballast");
  return {
    dir,
    fill: () => {
      // Page by page, for the last bytes count.
      for (let part = 0; statfsSync(dir).bavail > 0; part += 1)
        writeFileSync(`${ballast}-${part}`, Buffer.alloc(statfsSync(dir).bavail * statfsSync(dir).bsize));
    },
    free: () => {
      for (let part = 0; part < 10; part += 1) rmSync(`${ballast}-${part}`, { force: true });
    },
    dispose: () => {
      // Also when a failed test still has a file open on it.
      run("umount", "-l", dir);
      temporary.dispose();
    },
  };
}

function run(...command: string[]): void {
  const [program = "", ...args] = process.getuid?.() === 0 ? command : ["sudo", "-n", ...command];
  execFileSync(program, args, { stdio: "ignore" });
}
