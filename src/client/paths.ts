type Value = string | number | readonly (string | number)[] | undefined;

/** A path with query parameters; lists become several of the same name. */
export function pathWith(path: string, parameters: Readonly<Record<string, Value>>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each));
  }
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** Where a list goes on (RFC 8288), as a path. */
export function nextPath(link: string | null): string | undefined {
  return /<([^>]+)>;\s*rel="next"/.exec(link ?? '')?.[1];
}
