/** JSON pointers (RFC 6901): `/rows/0/name` is the name of the first of the rows. Runs in browsers as well. */

/** Returns the pointer to a member of the value that `base` points to. */
export function pointerTo(base: string, key: string): string {
  return `${base}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Returns the pointer along a path, from the whole value inwards. */
export function pointerOf(path: readonly PropertyKey[]): string {
  return path.reduce<string>((base, key) => pointerTo(base, String(key)), '');
}

/** Returns the keys along a pointer, as they are written in the value. */
export function keysOf(pointer: string): string[] {
  return pointer.split('/').slice(1).map(unescapeKey);
}

/** Returns a key of a pointer as it is written in the value. */
export function unescapeKey(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** Returns whether a pointer points to the same value as `outer`, or to something inside it. */
export function isWithin(pointer: string, outer: string): boolean {
  return pointer === outer || pointer.startsWith(`${outer}/`);
}
