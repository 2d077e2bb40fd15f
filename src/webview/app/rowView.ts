import type { Copied } from "./copyButton.ts";
import type { ViewToHost } from "../../protocol/hostWebview.ts";
import type { Expansion } from "./expansion.ts";
import type { MessageRow } from "./rows.ts";

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

/** Lets the user open and close a picture that folds; what is inside exists only while it is open. */
export function foldable(
  node: HTMLDetailsElement,
  key: string,
  { context, drawInside }: { readonly context: RowContext; readonly drawInside: () => void },
): void {
  node.querySelector("summary")?.addEventListener("click", () => context.expansion.set(key, !node.open));
  node.addEventListener("toggle", drawInside);
}
