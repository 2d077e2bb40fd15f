import { iconPaths, type IconName } from "./icons.ts";

/** What an element can be made with; texts become text nodes, never markup. */
export interface ElementOptions {
  readonly className?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Makes an element. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  if (options.className !== undefined) node.className = options.className;
  for (const [name, value] of Object.entries(options.attributes ?? {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/** Makes a drawing in the colour of the text around it; readers skip it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true", focusable: "false" }))
    svg.setAttribute(key, value);
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", iconPaths[name]);
  svg.append(path);
  return svg;
}

/** Sets a text only when it is another one: readers announce a live region again otherwise. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
