/** The pages of the dashboard: the API serves the same file at each address, and the dashboard shows the page. */
const pages = [
  { page: 'overview', address: '/' },
  { page: 'tasks', address: '/tasks' },
  { page: 'new-task', address: '/tasks/new' },
  { page: 'task', address: '/tasks/:id' },
] as const;

export const pageAddresses: readonly string[] = pages.map(({ address }) => address);

interface Page {
  readonly page: (typeof pages)[number]['page'];
  /** The part of the path in place of `:id`, still encoded. */
  readonly id: string | undefined;
}

const patterns = pages.map(({ page, address }) => ({ page, pattern: patternOf(address) }));

/** Returns the page at a path, with or without its trailing slash; undefined if there is none. */
export function pageAt(path: string): Page | undefined {
  for (const { page, pattern } of patterns) {
    const found = pattern.exec(path);
    if (found) return { page, id: found.groups?.['id'] };
  }
  return undefined;
}

function patternOf(address: string): RegExp {
  return new RegExp(`^${address.replace(/\/$/, '').replace(':id', '(?<id>[^/]+)')}/?$`);
}

/**
 * What a page knows of its viewer's session when it is loaded, in a meta element: `unknown`, unless the request for the
 * page came without a session's cookie although the browser would have sent it (`none`), or an identity provider has the accounts (`elsewhere`). A page that
 * knows need not ask, and get an error that the browser's console shows.
 */
export type KnownSession = 'unknown' | 'none' | 'elsewhere';

/** Name of the meta element. */
export const sessionMeta = 'taskbell-session';
