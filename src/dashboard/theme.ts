/** The light or dark theme: the system's, until the viewer chooses one. */
import { effect, type Signal, signal } from '@preact/signals';

export type ThemeName = 'system' | 'light' | 'dark';

export interface Theme {
  readonly name: Signal<ThemeName>;
}

const key = 'taskbell.theme';

export function createTheme(window: Window): Theme {
  const { document } = window;
  const storage = storageOf(window);
  const kept = storage?.getItem(key);
  const name = signal<ThemeName>(kept === 'light' || kept === 'dark' ? kept : 'system');
  effect(() => {
    const { value } = name;
    if (value === 'system') {
      document.documentElement.removeAttribute('data-theme');
      storage?.removeItem(key);
    } else {
      document.documentElement.dataset['theme'] = value;
      storage?.setItem(key, value);
    }
  });
  return { name };
}

/** Returns undefined if the browser does not let pages store anything. */
function storageOf(window: Window): Storage | undefined {
  try {
    return window.localStorage;
  } catch (error) {
    if (error instanceof DOMException) return undefined;
    throw error;
  }
}
