/**
 * Puts text on the clipboard.
 *
 * @throws if the browser does not allow it.
 */
export async function copyText(text: string): Promise<void> {
  // Pages served over plain HTTP have no `navigator.clipboard`, unless they come from localhost.
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
  // While a dialog is open, only text inside it can be selected.
  (before?.closest('dialog') ?? document.body).append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  if (!isCopied) throw new Error('The browser does not allow this page to copy.');
}
