/** Messages as a page posts them that an attacker has taken over. */
import type { Random } from "./random.ts";
import { mutate, nastyText, nastyTexts, nastyValue } from "./texts.ts";

const actions = ["run", "start", "pause", "resume", "stop", "retry", "cancel"] as const;

/** Valid messages, of which only `say` and `action` could change anything. */
function validOf(random: Random): Readonly<Record<string, unknown>> {
  const seq = random.pick([1, 2, 3, 500, 2 ** 40, 2 ** 53 - 1]);
  return random.pick<Readonly<Record<string, unknown>>>([
    { type: "ready" },
    { type: "ready", lastSeq: seq },
    { type: "show", seq },
    { type: "reading" },
    { type: "loadOlder", beforeSeq: seq + 1 },
    { type: "loadNewer", afterSeq: seq },
    { type: "stopToolCall", toolCallId: nastyText(random).slice(0, 256) || "x" },
    { type: "answer", answer: { questionId: nastyText(random).slice(0, 200) || "x", decision: random.pick(["allow_once", "allow_for_task", "reject"]) } },
    { type: "find", id: seq, text: nastyText(random).slice(0, 200) || "x" },
    { type: "endFind" },
    { type: "openPlace", toolCallId: nastyText(random).slice(0, 256), seq, of: random.pick(["location", "diff"]), index: random.below(10_000) },
    { type: "openLink", url: `https://example.com/${random.below(100)}` },
  ]);
}

/** Ids, paths and commands where no message has a place for them. */
const smuggled = ["taskId", "id", "path", "command", "args", "uri", "handler", "__proto__", "constructor", "token", "type "] as const;

const strange: readonly (() => unknown)[] = [
  () => new ArrayBuffer(8),
  () => new Map([["type", "say"]]),
  () => 2n,
  () => new Date(0),
  () => ["say", "x"],
  () => JSON.parse('{"type":"action","action":"cancel","__proto__":{"taskId":"bbbbbbbb"}}') as unknown,
  () => JSON.parse('{"__proto__":{"type":"action","action":"cancel"}}') as unknown,
  () => Object.create({ type: "action", action: "cancel" }) as unknown,
  () => ({ type: "say", text: "x".repeat(200_000) }),
  () => ({ type: "openLink", url: `https://user:pw@evil.example` }),
];

const links = [
  "javascript:alert(1)",
  "command:workbench.action.quit",
  "file:///etc/passwd",
  "vscode://x",
  "http://plain.example",
  "https://a@b.example",
  "//x",
  "data:text/html,x",
];

/** A message of a hostile page. Words and actions are not among the valid ones: those are the user's to say with it. */
export function hostileViewMessage(random: Random): unknown {
  switch (random.below(7)) {
    case 0:
      return nastyValue(random, 5);
    case 1:
      return { ...validOf(random), [random.pick(smuggled)]: random.pick(["bbbbbbbb", "/etc/passwd", "workbench.action.quit", nastyValue(random)]) };
    case 2:
      return { type: "action", action: random.pick(["remove", "setStatus", "done", ...nastyTexts]) };
    case 3:
      return { type: "action", action: random.pick(actions), [random.pick(smuggled)]: "bbbbbbbb" };
    case 4:
      return { type: "openLink", url: random.pick([...links, ...nastyTexts]) };
    case 5:
      return random.pick(strange)();
    default:
      return random.chance(0.3) ? validOf(random) : mutate(random, validOf(random));
  }
}
