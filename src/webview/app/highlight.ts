/** Names of the highlights in the style sheet. */
const hitName = "find-hit";
const currentName = "find-current";
const maxRanges = 500;

/** Marks a text in the rows that are drawn, without changing them; `current` is the row that is looked at. */
export function highlightText(rows: Iterable<HTMLElement>, text: string, current: HTMLElement | undefined): void {
  clearHighlights();
  if (text === "") return;
  const hits = new Highlight();
  const own = new Highlight();
  let count = 0;
  for (const row of rows) {
    for (const range of rangesIn(row, text.toLowerCase())) {
      if (++count > maxRanges) break;
      (row === current ? own : hits).add(range);
    }
  }
  CSS.highlights.set(hitName, hits);
  CSS.highlights.set(currentName, own);
}

/** Takes all marks away. */
export function clearHighlights(): void {
  CSS.highlights.delete(hitName);
  CSS.highlights.delete(currentName);
}

/** Where the text is inside of one text node each; one that is spread over several is marked by its row alone. */
function* rangesIn(row: HTMLElement, wanted: string): Generator<Range> {
  const walker = document.createTreeWalker(row, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
    const text = node.textContent?.toLowerCase() ?? "";
    for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
      const range = document.createRange();
      range.setStart(node, at);
      range.setEnd(node, Math.min(at + wanted.length, node.textContent?.length ?? 0));
      yield range;
    }
  }
}
