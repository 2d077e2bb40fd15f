/** One stop for the Tab key in a toolbar; the arrow keys, Home and End go from button to button. */
export function rovingFocus(toolbar: HTMLElement): void {
  const buttons = (): readonly HTMLButtonElement[] => [...toolbar.querySelectorAll("button")].filter(({ disabled, hidden }) => !disabled && !hidden);
  const stopAt = (stop: HTMLButtonElement | undefined): void => {
    for (const button of toolbar.querySelectorAll("button")) button.tabIndex = button === stop ? 0 : -1;
  };
  stopAt(buttons()[0]);
  toolbar.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLButtonElement) stopAt(event.target);
  });
  toolbar.addEventListener("keydown", (event) => {
    const all = buttons();
    const at = all.findIndex((button) => button === document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (at < 0 || to === undefined) return;
    event.preventDefault();
    all[to % all.length]?.focus();
  });
}
