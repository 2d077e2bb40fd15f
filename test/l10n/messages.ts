/** Finds in the sources what a person reads: the calls of `t`, and literals that should be in one. */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import type { Forms } from "../../src/base/l10n.ts";

const root = join(import.meta.dirname, "../..");

/** The files whose texts are translated. */
const translated = ["src/commands/*.ts", "src/views/*.ts", "src/platform/*.ts", "src/webview/*.ts", "src/webview/app/*.ts"];
/** These make texts for the surfaces (with `t`) and for errors and the terminal (without). */
const shared = ["src/model/*.ts"];
/** English on purpose: what a bug report holds is read by others; the frame of the page has no text. */
const english = new Set(["src/commands/diagnosticsText.ts", "src/webview/runHtml.ts"]);

/** What the sources ask to be translated. */
export interface Messages {
  readonly plain: readonly string[];
  readonly plural: readonly Forms[];
  /** Calls whose text is not written out: nobody could translate it. */
  readonly unreadable: readonly string[];
}

/** A literal that a person reads and no bundle knows. */
export interface PlainLiteral {
  readonly file: string;
  readonly text: string;
}

interface Node {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** Every text that the sources hand to `t`. */
export function findMessages(): Messages {
  const plain = new Set<string>();
  const plural = new Map<string, Forms>();
  const unreadable: string[] = [];
  for (const file of filesOf([...translated, ...shared])) {
    visit(parse(file, readFileSync(join(root, file), "utf8")), [], (node) => {
      if (!isCallOf(node, "t")) return;
      const [first] = node["arguments"] as readonly Node[];
      const text = first === undefined ? undefined : literalOf(first);
      const forms = first === undefined ? undefined : formsOf(first);
      if (text !== undefined) plain.add(text);
      else if (forms !== undefined) plural.set(forms.other, forms);
      else unreadable.push(`${file}: ${first?.type}`);
    });
  }
  return { plain: [...plain].toSorted(), plural: [...plural.values()], unreadable };
}

/** Literals of the translated files that read like words for people and are in no call of `t`. */
export function findPlainLiterals(): readonly PlainLiteral[] {
  return filesOf(translated)
    .filter((file) => !english.has(file))
    .flatMap((file) => plainLiterals(readFileSync(join(root, file), "utf8")).map((text) => ({ file, text })));
}

/** The same for one text of a source. */
export function plainLiterals(source: string): readonly string[] {
  const found: string[] = [];
  visit(parse("source.ts", source), [], (node, parents) => {
    const text = literalOf(node) ?? (node.type === "TemplateElement" ? (node["value"] as { cooked: string }).cooked : undefined);
    if (text === undefined || names.has(text.replace(/[:,] $/, "")) || technical.has(text) || parents.some(isNoText)) return;
    if ((isProse(text) && !text.startsWith("<")) || (/\p{L}/u.test(text) && isShown(node, parents))) found.push(text);
  });
  return found;
}

/** Names are the same in every language. */
const names = new Set(["Task Master", "Task Master for Goose", "VS Code", "Node", "Goose"]);
const shownProperties = new Set(["aria-label", "placeholder", "title", "prompt", "placeHolder", "label", "description", "detail", "tooltip", "message"]);

/** Class names and keys that are written where nothing tells that they are. */
const technical = new Set(["row message ", "Home", "End"]);
const technicalProperties = new Set(["className", "class", "ALLOWED_TAGS"]);

/** Two words, or one that begins like a sentence. */
function isProse(text: string): boolean {
  return /\p{L}{2,}[,:;.]? \p{L}/u.test(text) || /^\p{Lu}\p{Ll}+( |$|…|:)/u.test(text);
}

/** Whether VS Code shows it: the value of a property that is a text, or an argument of a message. */
function isShown(node: Node, parents: readonly Node[]): boolean {
  const parent = parents.at(-1);
  if (parent?.type === "Property")
    return parent["value"] === node && shownProperties.has(nameOf(parent["key"] as Node) ?? literalOf(parent["key"] as Node) ?? "");
  if (parent?.type !== "CallExpression") return false;
  const callee = parent["callee"] as Node;
  return /^show\w*Message$/.test(nameOf(callee) ?? nameOf(callee["property"] as Node | undefined) ?? "");
}

/** What is no text for people: translated already, English by design (errors, the log), types and names of modules. */
function isNoText(node: Node): boolean {
  if (node.type === "ImportDeclaration" || node.type.startsWith("TS")) return !["TSAsExpression", "TSSatisfiesExpression"].includes(node.type);
  if (node.type === "NewExpression") return nameOf(node["callee"] as Node) === "TaskMasterError";
  if (node.type === "Property") return technicalProperties.has(nameOf(node["key"] as Node) ?? "");
  if (node.type === "BinaryExpression") return String(node["operator"]).includes("==");
  return isCallOf(node, "t") || isTechnicalCall(node);
}

/** A line of the log, or a look for elements. */
function isTechnicalCall(node: Node): boolean {
  if (node.type !== "CallExpression") return false;
  const callee = node["callee"] as Node;
  if (callee.type !== "MemberExpression") return false;
  if (["closest", "querySelector", "querySelectorAll"].includes(nameOf(callee["property"] as Node) ?? "")) return true;
  const object = callee["object"] as Node;
  return ["log", "channel"].includes(nameOf(object) ?? nameOf(object["property"] as Node | undefined) ?? "");
}

function isCallOf(node: Node, name: string): boolean {
  return node.type === "CallExpression" && nameOf(node["callee"] as Node) === name;
}

function nameOf(node: Node | undefined): string | undefined {
  return node?.type === "Identifier" ? String(node["name"]) : undefined;
}

function literalOf(node: Node): string | undefined {
  return node.type === "Literal" && typeof node["value"] === "string" ? node["value"] : undefined;
}

function formsOf(node: Node): Forms | undefined {
  if (node.type !== "ObjectExpression") return undefined;
  const entries = (node["properties"] as readonly Node[]).map((property) => [nameOf(property["key"] as Node), literalOf(property["value"] as Node)] as const);
  const one = entries.find(([name]) => name === "one")?.[1];
  const other = entries.find(([name]) => name === "other")?.[1];
  return one === undefined || other === undefined || entries.length !== 2 ? undefined : { one, other };
}

function filesOf(patterns: readonly string[]): readonly string[] {
  return globSync(patterns as string[], { cwd: root })
    .map((file) => file.replaceAll("\\", "/"))
    .toSorted();
}

function parse(file: string, source: string): Node {
  const { program, errors } = parseSync(file, source);
  if (errors.length > 0) throw new Error(`${file} cannot be read: ${errors[0]?.message}`);
  return program as unknown as Node;
}

function visit(node: Node, parents: readonly Node[], see: (node: Node, parents: readonly Node[]) => void): void {
  see(node, parents);
  const inner = [...parents, node];
  for (const value of Object.values(node).flat()) if (isNode(value)) visit(value, inner, see);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
