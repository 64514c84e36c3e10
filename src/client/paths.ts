import type { Answer, Send } from './transport.ts';

type Value = string | number | readonly (string | number)[] | undefined;

/** A path with query parameters; lists become several of the same name. */
export function pathWith(path: string, parameters: Readonly<Record<string, Value>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each));
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** The items of a list; page after page is asked for as they are taken. */
export async function* paged<T>(
  send: Send,
  first: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  for (let path: string | undefined = first; path !== undefined;) {
    const page: Answer<T[]> = await send<T[]>('GET', path, { signal });
    yield* page.body;
    path = nextPath(page.headers.get('Link'));
  }
}

/** Where a list goes on (RFC 8288), as a path. */
function nextPath(link: string | null): string | undefined {
  return /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
}
