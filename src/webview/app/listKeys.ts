import type { LogView } from "./logView.ts";

/** Moves the focus from row to row with the arrow keys, Home and End; Enter on a row that folds opens it, as the browser does by itself. */
export function listKeys(log: LogView): void {
  let current: number | undefined;
  const rowAt = (target: EventTarget | null): number => {
    const row = target instanceof Node ? log.rowOf(target) : undefined;
    return row === undefined ? -1 : log.rows.indexOf(row);
  };
  log.list.addEventListener("focusin", (event) => {
    current = rowAt(event.target);
  });
  log.scroller.addEventListener("keydown", (event) => {
    if (!isMove(event)) return;
    const { length } = log.rows;
    const from = document.activeElement === log.scroller ? (current ?? (log.isFollowing ? length : log.topIndex - 1)) : rowAt(document.activeElement);
    const to = { ArrowDown: from + 1, ArrowUp: from - 1, Home: 0, End: length - 1 }[event.key] ?? from;
    const index = Math.max(0, Math.min(length - 1, to));
    const row = log.rows[index];
    if (row === undefined) return;
    event.preventDefault();
    current = index;
    const focus = (): void => {
      const node = log.nodeOf(row);
      (node?.querySelector<HTMLElement>(":scope > summary, :scope > .tool > summary") ?? node)?.focus({ preventScroll: true });
    };
    const node = log.nodeOf(row);
    if (node !== undefined) {
      node.scrollIntoView({ block: "nearest" });
      return focus();
    }
    log.goTo({ seq: row.seq, offset: event.key === "Home" ? 0 : -log.scroller.clientHeight / 3 });
    requestAnimationFrame(() => requestAnimationFrame(focus));
  });
}

const moves: ReadonlySet<string> = new Set(["ArrowDown", "ArrowUp", "Home", "End"]);

/** Keys with a modifier, and those in an output that scrolls by itself, are none of ours. */
function isMove(event: KeyboardEvent): boolean {
  const isOwn = event.target instanceof Element && event.target.closest("pre.output, input, select, textarea") === null;
  return moves.has(event.key) && isOwn && !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
}
