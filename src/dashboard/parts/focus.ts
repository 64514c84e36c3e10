/** Keeps the focus from being nowhere, from where keyboards and screen readers would have to begin anew. */

/** To what had it before or, where that is gone, to the heading of the page. */
export function returnFocus(before: Element | null): void {
  if (!isNowhere()) return;
  if (before instanceof HTMLElement && before.isConnected) before.focus();
  if (isNowhere()) document.querySelector<HTMLElement>('main h1')?.focus({ preventScroll: true });
}

function isNowhere(): boolean {
  const { activeElement } = document;
  return activeElement === null || activeElement === document.body;
}
