import type { Answer, Send } from './send.ts';

type Value = string | number | readonly (string | number)[] | undefined;

/** Returns a path with query parameters. A list becomes several parameters of the same name. */
export function pathWith(path: string, parameters: Readonly<Record<string, Value>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each));
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** Yields the items of a list. Requests the next page once the items of one have been taken. */
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

/** Returns the path of the next page, from a Link header (RFC 8288). */
function nextPath(link: string | null): string | undefined {
  return /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
}
