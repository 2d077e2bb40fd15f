import type { Copied } from "./copyButton.ts";
import type { ViewToHost } from "../../protocol/hostWebview.ts";
import type { Expansion } from "./expansion.ts";
import type { MessageRow, Row } from "./rows.ts";

/** The picture of a row, kept current. */
export interface RowView {
  readonly node: HTMLElement;
  /** The row, or whether it is to be open, has changed. */
  update(): void;
}

/** What pictures of rows need of the page. */
export interface RowContext {
  readonly expansion: Expansion;
  readonly post: (message: ViewToHost) => void;
  /** Puts a text into the clipboard and says so. */
  readonly copy: (text: string, what: Copied) => void;
  /** The whole text of a message of which a row is a part. */
  readonly messageText: (row: MessageRow) => string;
}

/**
 * Lets the user open and close a picture that folds; what is inside is made when it opens and exists only while it is open.
 * The answer opens or closes it as the row is to be, and draws what is inside.
 */
export function foldable(node: HTMLDetailsElement, row: Row, { expansion }: RowContext, makeInside: () => RowView): () => void {
  let inside: RowView | undefined;
  const drawInside = (): void => {
    if (!node.open) {
      inside?.node.remove();
      inside = undefined;
      return;
    }
    if (inside === undefined) {
      inside = makeInside();
      node.append(inside.node);
    }
    inside.update();
  };
  node.querySelector("summary")?.addEventListener("click", () => expansion.set(row.key, !node.open));
  node.addEventListener("toggle", drawInside);
  return () => {
    node.open = expansion.isOpen(row);
    drawInside();
  };
}
