/**
 * Puts text on the clipboard.
 *
 * @throws where the browser does not allow it.
 */
export async function copyText(text: string): Promise<void> {
  // Pages that come by plain http, other than from this computer, have no clipboard of their own.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  if (clipboard) await clipboard.writeText(text);
  else copyBySelection(text);
}

function copyBySelection(text: string): void {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  area.readOnly = true;
  // What is not in an open dialog cannot be selected.
  (before?.closest('dialog') ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!isCopied) throw new Error('The browser did not let the page copy it.');
}
