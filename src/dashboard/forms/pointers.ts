/** JSON pointers (RFC 6901) of errors, and the form fields that they are shown beside. */
import type { FieldError } from '../../client/index.ts';

export function pointerTo(base: string, key: string): string {
  return `${base}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Errors by field. A field has the errors at its pointer, and those below it that no other field has. */
export interface Placed {
  readonly at: ReadonlyMap<string, readonly string[]>;
  /** Errors that belong to no field. */
  readonly elsewhere: readonly FieldError[];
}

export function placeErrors(errors: readonly FieldError[], shown: Iterable<string>): Placed {
  const pointers = [...shown].sort((a, b) => b.length - a.length);
  const at = new Map<string, string[]>();
  const elsewhere: FieldError[] = [];
  for (const error of errors) {
    const owner = pointers.find((pointer) => isWithin(error.pointer, pointer));
    if (owner === undefined) {
      elsewhere.push(error);
      continue;
    }
    const within = readable(error.pointer.slice(owner.length));
    const message = within === '' ? error.message : `${within}: ${error.message}`;
    at.set(owner, [...(at.get(owner) ?? []), message]);
  }
  return { at, elsewhere };
}

export function isWithin(pointer: string, outer: string): boolean {
  return pointer === outer || pointer.startsWith(`${outer}/`);
}

/** `/rows/0/name` → `rows › 0 › name` */
export function readable(pointer: string): string {
  const keys = pointer.split('/').slice(1);
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~')).join(' › ');
}
