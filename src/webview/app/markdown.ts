/** Markdown of an agent as elements. What it holds is hostile: no raw HTML, no pictures, no address that opens by itself. */
import DOMPurify from "dompurify";
import { Marked, type Token } from "marked";
import { t } from "../../base/l10n.ts";
import { isWebAddress } from "../../protocol/hostWebview.ts";
import { copyButton, type Copied } from "./copyButton.ts";
import { element } from "./dom.ts";

const marked = new Marked({
  gfm: true,
  renderer: {
    /** Raw HTML is shown as it was written. */
    html: ({ text }) => escapeText(text),
    image: ({ href, text }) => `${escapeText(text === "" ? t("picture") : text)} (${escapeText(href)})`,
    /** Only what leads to the web is a link; where it leads elsewhere it says so. */
    link({ href, text, tokens }) {
      const shown = this.parser.parseInline(tokens);
      if (isWebAddress(href)) return `<a href="${escapeText(href)}">${shown}</a>`;
      return text === href ? shown : `${shown} (${escapeText(href)})`;
    },
    /** Headings of a message are none of the page. */
    heading({ tokens, depth }) {
      return `<p class="heading h${depth}">${this.parser.parseInline(tokens)}</p>`;
    },
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

const allowed = {
  ALLOWED_TAGS: "p br strong em del code pre a ul ol li blockquote table thead tbody tr th td hr".split(" "),
  ALLOWED_ATTR: ["href", "start", "align", "class"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true as const,
};

/** Where links and copied code go. */
export interface MarkdownPorts {
  readonly openLink: (url: string) => void;
  readonly copy: (text: string, what: Copied) => void;
}

/** Keeps a node as the picture of a Markdown text that grows: only the blocks that have changed are drawn anew. */
export class MarkdownView {
  readonly node: HTMLElement;
  readonly #ports: MarkdownPorts;
  #drawn: { readonly raw: string; readonly nodes: readonly ChildNode[] }[] = [];

  constructor(node: HTMLElement, ports: MarkdownPorts) {
    this.node = node;
    this.#ports = ports;
  }

  draw(text: string): void {
    const tokens = blocksOf(text);
    const same = this.#drawn.findIndex(({ raw }, index) => raw !== tokens[index]?.raw);
    const kept = same < 0 ? Math.min(this.#drawn.length, tokens.length) : same;
    for (const { nodes } of this.#drawn.slice(kept)) for (const node of nodes) node.remove();
    const fresh = tokens.slice(kept).map((token) => ({ raw: token.raw, nodes: [...this.#nodesOf(token).childNodes] }));
    this.node.append(...fresh.flatMap(({ nodes }) => nodes));
    this.#drawn = [...this.#drawn.slice(0, kept), ...fresh];
  }

  #nodesOf(token: Token): DocumentFragment {
    const fragment = DOMPurify.sanitize(htmlOf(token), allowed);
    for (const link of fragment.querySelectorAll("a")) this.#tame(link);
    for (const block of fragment.querySelectorAll("pre")) this.#addCopy(block);
    return fragment;
  }

  /** A link leads nowhere by itself: the host opens it, after a look of its own. */
  #tame(link: HTMLAnchorElement): void {
    const url = link.getAttribute("href") ?? "";
    link.removeAttribute("href");
    if (!isWebAddress(url)) return link.replaceWith(...link.childNodes);
    link.setAttribute("role", "link");
    link.tabIndex = 0;
    link.title = url;
    const open = (event: Event): void => {
      event.preventDefault();
      event.stopPropagation();
      this.#ports.openLink(url);
    };
    link.addEventListener("click", open);
    link.addEventListener("keydown", (event) => {
      if (event.key === "Enter") open(event);
    });
  }

  #addCopy(block: HTMLPreElement): void {
    const frame = element("div", { className: "codeBlock" });
    block.replaceWith(frame);
    frame.append(
      block,
      copyButton(t("Copy code"), () => this.#ports.copy(block.textContent ?? "", "code")),
    );
  }
}

/** The blocks of a text; one that the parser cannot bear is a single block of plain text. */
function blocksOf(text: string): readonly Token[] {
  try {
    return marked.lexer(text).filter(({ type }) => type !== "space");
  } catch {
    return [plain(text)];
  }
}

function htmlOf(token: Token): string {
  try {
    return marked.parser([token]);
  } catch {
    return `<p>${escapeText(token.raw)}</p>`;
  }
}

function plain(text: string): Token {
  return { type: "html", block: true, pre: false, raw: text, text };
}

function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
