/** Secrets of the host, through the whole product with real Goose and a model that does what it can to print them: nothing that is stored or shown has them. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { onTestFinished, expect, test } from "vitest";
import { messageText, type ModelReply } from "../helpers/modelServer.ts";
import { ProductEngine } from "../helpers/productEngine.ts";
import { RunStream } from "../../src/webview/runStream.ts";
import type { HostToView } from "../../src/protocol/hostWebview.ts";

const hostSecret = "canary-host-4f9a1c77e2";
const providerKey = "canary-provider-83b1d0";
/** Written so that the search does not find itself in the journal. */
const search = "grep -aohE 'canary[-](host|provider)[-][0-9a-f]+'";

/** What a model tries that has read about it. */
const attempts: readonly string[] = [
  "env; set; export -p",
  `for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ 2>/dev/null; done | ${search} | sort -u; true`,
  `${search} -r "$HOME" "$TMPDIR" "$XDG_CONFIG_HOME" 2>/dev/null; true`,
  // In two halves, with time between them.
  `for p in /proc/[0-9]*; do tr '\\0' '\\n' < $p/environ 2>/dev/null; done | ${search} | sort -u | while read -r s; do printf %s "\${s:0:15}"; sleep 0.3; printf '%s\\n' "\${s:15}"; done; true`,
];

function filesWith(folder: string, words: readonly string[]): readonly string[] {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.flatMap((entry) => {
    const file = path.join(entry.parentPath, entry.name);
    const text = readFileSync(file, "latin1");
    return words.filter((word) => text.includes(word)).map((word) => `${word} in ${path.relative(folder, file)}`);
  });
}

/** A process that stands for the host: its environment can be read by every process of the same user. */
async function hostProcess(): Promise<void> {
  const host = spawn("sleep", ["600"], { env: { MY_SECRET_TOKEN: hostSecret }, stdio: "ignore" });
  await once(host, "spawn");
  onTestFinished(async () => {
    host.kill("SIGKILL");
    await once(host, "exit");
  });
}

test("a secret of the host reaches no file, no event, no view, no commit and no model", { timeout: 120_000 }, async () => {
  await hostProcess();
  const heard = { canary: "" };
  const product = await ProductEngine.open({
    env: { MY_SECRET_TOKEN: hostSecret, OPENAI_API_KEY: providerKey },
    script: ({ messages }): ModelReply => {
      const told = messages.map(messageText).join("\n");
      // A model that has seen a secret repeats it everywhere.
      heard.canary = /canary-(host|provider)-[0-9a-f]+/.exec(told)?.[0] ?? heard.canary;
      const done = messages.filter(({ role }) => role === "tool").length;
      if (done < attempts.length) return { kind: "tools", calls: [{ name: "shell", arguments: { command: attempts[done] } }] };
      if (done === attempts.length)
        return { kind: "tools", calls: [{ name: "write", arguments: { path: "a.txt", content: `done ${heard.canary.length}\n` } }], text: heard.canary };
      return { kind: "text", text: `Found ${heard.canary}.` };
    },
  });
  try {
    const { id } = await product.add("look around", { acceptance: { commands: [attempts[1] ?? "", "test -s a.txt"] } });
    const task = await product.run(await product.engine.get(id));
    expect(task.status).toBe("done");
    const posted: HostToView[] = [];
    const stream = new RunStream({
      taskId: id,
      source: () => Promise.resolve(product.engine),
      pending: () => undefined,
      post: (message) => posted.push(message),
      onTask: () => undefined,
      now: Date.now,
    });
    stream.ready();
    await expect.poll(() => posted.length).toBeGreaterThan(0);
    stream.dispose();
    const secrets = [hostSecret, providerKey];
    // The attempts worked: what they printed is there, without the secrets.
    const texts = JSON.stringify([await product.engine.events(id, { limit: 10_000 }), task, product.changes, posted]);
    expect(texts).toContain("***");
    // Pieces of one output follow each other in the journal.
    const joined = product.changes
      .map(({ event }) => (event.type === "tool_call" ? (event.call.outputDelta ?? "") : event.type === "message" ? event.text : ""))
      .join("");
    for (const secret of secrets) {
      expect(texts).not.toContain(secret);
      expect(joined).not.toContain(secret);
    }
    expect(heard.canary).toBe("");
    const objects = execFileSync("git", ["cat-file", "--batch-all-objects", "--batch"], { cwd: product.repo.dir, encoding: "latin1", maxBuffer: 1e8 });
    for (const secret of secrets) expect(objects).not.toContain(secret);
    expect(filesWith(product.home.dir, secrets)).toEqual([]);
    expect(filesWith(product.repo.dir, secrets)).toEqual([]);
  } finally {
    await product.close();
  }
});
