/** Assigns each error to the form field beside which it is shown. */
import type { FieldError } from '../../../client/index.ts';
import { isWithin, keysOf } from '../../../lib/pointer.ts';

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

/** `/rows/0/name` → `rows › 0 › name` */
export function readable(pointer: string): string {
  return keysOf(pointer).join(' › ');
}
