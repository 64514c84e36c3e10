/** Keeps the focus from getting lost, which would send keyboard and screen reader users back to the start. */

/** Moves a lost focus back to the element that had it or, if that was removed, to the page's heading. */
export function returnFocus(before: Element | null): void {
  if (!isNowhere()) return;
  if (before instanceof HTMLElement && before.isConnected) before.focus();
  if (isNowhere()) document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
}

function isNowhere(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body;
}
