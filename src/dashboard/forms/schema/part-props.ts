import type { Draft } from './draft.ts';
import type { Field } from './schema.ts';

export type ErrorsAt = (pointer: string) => readonly string[];

export interface PartProps<D extends Draft = Draft> {
  field: Field;
  draft: D;
  pointer: string;
  errorsAt: ErrorsAt;
  /** @param at pointer of the part that has changed; its errors are cleared. */
  onChange: (draft: Draft, at: string) => void;
}
