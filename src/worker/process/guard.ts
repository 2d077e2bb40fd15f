/**
 * A small shell process beside this thread that outlives it by a moment: when its input ends, because the thread was
 * terminated or the whole process was killed, it kills the process groups that were told to it and whatever carries a
 * marker that was told to it. Goose ends by itself when its input ends, but what its tools started does not.
 * POSIX only; on Windows nothing is guarded.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { markerName } from "./environment.ts";

/** Lines of input: `+PGID`, `-PGID`, `mMARKER`, `xMARKER`. Only numbers and uuids are ever sent. */
const script = `
groups=' ' markers=' '
drop() { case "$1" in *" $2 "*) printf '%s' "\${1%% $2 *} \${1#* $2 }" ;; *) printf '%s' "$1" ;; esac; }
while IFS= read -r line; do
  word=\${line#?}
  case $line in
    +*) groups="$groups$word " ;;
    -*) groups=$(drop "$groups" "$word"; printf .); groups=\${groups%.} ;;
    m*) markers="$markers$word " ;;
    x*) markers=$(drop "$markers" "$word"; printf .); markers=\${markers%.} ;;
  esac
done
for group in $groups; do kill -KILL -"$group" 2>/dev/null; done
for round in 1 2 3 4 5; do
  found=
  for marker in $markers; do
    for file in $(grep -lzx "${markerName}=$marker" /proc/[0-9]*/environ 2>/dev/null); do
      pid=\${file#/proc/} pid=\${pid%/environ}
      [ "$pid" = $$ ] || { kill -KILL "$pid" 2>/dev/null && found=1; }
    done
  done
  [ -n "$found" ] || break
done
`;

/** The guard of this thread; its process starts with the first thing to guard. */
class Guard {
  #child: ChildProcess | undefined;
  readonly #entries = new Set<string>();

  /** A process group is alive from now on. */
  addGroup(pgid: number): void {
    this.#add(`+${pgid}`);
  }

  /** The group was killed; its number may belong to somebody else from now on. */
  dropGroup(pgid: number): void {
    this.#drop(`+${pgid}`, `-${pgid}`);
  }

  /** Processes with this marker in their environment are ours. */
  addMarker(marker: string): void {
    this.#add(`m${marker}`);
  }

  dropMarker(marker: string): void {
    this.#drop(`m${marker}`, `x${marker}`);
  }

  #add(entry: string): void {
    this.#entries.add(entry);
    if (process.platform === "win32") return;
    if (this.#child === undefined) this.#start();
    else this.#send(entry);
  }

  #drop(entry: string, line: string): void {
    if (this.#entries.delete(entry) && this.#child !== undefined) this.#send(line);
  }

  #send(line: string): void {
    this.#child?.stdin?.write(`${line}\n`);
  }

  /** Starts the shell in a session of its own, so that Ctrl-C in the terminal does not reach it, and tells it all that is alive. */
  #start(): void {
    const child = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"], env: { PATH: "/usr/bin:/bin" } });
    this.#child = child;
    const forget = (): void => {
      if (this.#child === child) this.#child = undefined; // the next thing to guard starts another
    };
    child.once("exit", forget);
    child.once("error", forget);
    child.stdin.on("error", forget);
    child.unref();
    (child.stdin as typeof child.stdin & { unref?: () => void }).unref?.();
    for (const entry of this.#entries) this.#send(entry);
  }
}

/** One for each thread: what a worker started ends with that worker. */
export const guard = new Guard();
