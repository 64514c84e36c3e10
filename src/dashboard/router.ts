/**
 * The page's address as a signal: links navigate within the app, back and forward work, and every address can
 * be shared.
 */
import { batch, type ReadonlySignal, signal } from '@preact/signals';
import { pageAt } from '../contract/pages.ts';

export interface Router {
  readonly url: ReadonlySignal<URL>;
  /** Address of the list of tasks as it was last shown, with its filters. */
  readonly list: ReadonlySignal<string>;
  /** Forgets it: the next account has nothing to do with it. */
  forgetList(): void;
  /** Whether the viewer came here by "back" or "forward". */
  readonly cameBack: ReadonlySignal<boolean>;
  /** @param options.replace replaces the current address, so that "back" leads to the one before it. */
  go(to: string, options?: { readonly replace?: boolean }): void;
}

export function createRouter({ history, location, document, addEventListener }: Window): Router {
  const url = signal(new URL(location.href));
  const cameBack = signal(false);
  const list = signal('/tasks');
  /** Scroll position of each page when it was left, in pixels, by address. */
  const scrolled = new Map<string, number>();
  // The browser would restore the position before the page is rendered.
  history.scrollRestoration = 'manual';
  const read = (back: boolean): void => {
    const { href, pathname, search } = url.peek();
    scrolled.set(href, globalThis.scrollY);
    batch(() => {
      if (placeOf(url.peek()).page === 'tasks') list.value = pathname + search;
      cameBack.value = back;
      url.value = new URL(location.href);
    });
  };

  function go(to: string, { replace = false }: { replace?: boolean } = {}): void {
    const target = new URL(to, location.href);
    if (replace) history.replaceState(null, '', target);
    else if (target.href !== location.href) history.pushState(null, '', target);
    const isOtherPage = target.pathname !== url.peek().pathname;
    read(false);
    if (isOtherPage && !replace) globalThis.scrollTo(0, 0);
  }

  addEventListener('popstate', () => {
    read(true);
    const top = scrolled.get(location.href) ?? 0;
    // Scroll once the page is rendered.
    requestAnimationFrame(() => globalThis.scrollTo(0, top));
  });
  document.addEventListener('click', (event) => {
    const to = pageOf(event, location);
    if (to === undefined) return;
    event.preventDefault();
    go(to);
  });
  return { url, list, cameBack, go, forgetList: () => (list.value = '/tasks') };
}

/** Returns whether a click has another meaning to the browser, such as a new tab: the page stays. */
export function isModified({ metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): boolean {
  return metaKey || ctrlKey || shiftKey || altKey;
}

/** Returns where a click leads within the app; undefined for clicks that are left to the browser. */
function pageOf(event: MouseEvent, location: Location): string | undefined {
  if (event.defaultPrevented || event.button !== 0) return undefined;
  if (isModified(event)) return undefined;
  const link = event.target instanceof Element ? event.target.closest('a') : null;
  if (!link || link.target !== '' || link.hasAttribute('download') || link.origin !== location.origin)
    return undefined;
  return pageAt(link.pathname) && !link.getAttribute('href')?.startsWith('#') ? link.href : undefined;
}

export type Place =
  | { readonly page: 'overview' }
  | { readonly page: 'tasks' }
  | { readonly page: 'new-task' }
  | { readonly page: 'task'; readonly id: string }
  | { readonly page: 'nowhere' };

/** Returns the page that an address stands for. */
export function placeOf(url: URL): Place {
  const { page, id = '' } = pageAt(url.pathname) ?? { page: 'nowhere' };
  return page === 'task' ? { page, id: decoded(id) } : { page };
}

/** Decodes a part of the address, which the user may have typed; returns it unchanged if it is malformed. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}
