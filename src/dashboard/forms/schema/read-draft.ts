/** Reads the value of a draft, and finds the parts that are not valid yet. */
import type { FieldError } from '../../../client/index.ts';
import { type Draft, type GroupDraft, type Row, toDraft } from './draft.ts';
import { pointerTo } from '../../../lib/pointer.ts';
import type { Field } from './schema.ts';

export interface Read {
  /** undefined if left out. */
  readonly value: unknown;
  readonly errors: readonly FieldError[];
}

export const requiredMessage = 'This field is required.';
export const referenceMessage = 'Use “Edit as JSON” for a secret.';
const unfilled = 'Fill in or remove this item.';

export function fromDraft(field: Field, draft: Draft, pointer = ''): Read {
  const reject = (message: string, at = pointer): Read => ({
    value: undefined,
    errors: [{ pointer: at, message }],
  });
  const absent: Read = { value: undefined, errors: [] };
  if (isBlank(draft) && !(field.isRequired && draft.kind === 'group')) {
    if (draft.kind === 'list' && field.isRequired) return { value: [], errors: [] };
    if (draft.kind === 'rows' && field.isRequired) return { value: {}, errors: [] };
    return field.isRequired ? reject(requiredMessage) : absent;
  }
  switch (draft.kind) {
    case 'text':
      return { value: draft.text, errors: [] };
    case 'flag':
      return { value: draft.on, errors: [] };
    case 'choice':
      return { value: draft.value, errors: [] };
    case 'number': {
      const number = Number(draft.text);
      if (!Number.isFinite(number)) return reject('Must be a number.');
      const isFraction = field.kind === 'number' && field.isWhole && !Number.isInteger(number);
      return isFraction ? reject('Must be a whole number.') : { value: number, errors: [] };
    }
    case 'json':
      return parseJson(draft.text, pointer);
    case 'rows':
      return fromRows(draft.rows, pointer);
    case 'list':
      return field.kind === 'list' ? fromItems(field.item, draft.items, pointer) : absent;
    case 'group':
      return field.kind === 'group' ? fromGroup(field.fields, draft, pointer) : absent;
  }
}

/** Returns whether nothing has been filled in and no value was there before. */
export function isBlank(draft: Draft): boolean {
  switch (draft.kind) {
    case 'text':
      return draft.text === undefined;
    case 'number':
    case 'json':
      return draft.text.trim() === '';
    case 'flag':
      return draft.on === undefined;
    case 'choice':
      return draft.value === undefined;
    case 'list':
      return !draft.wasThere && draft.items.length === 0;
    case 'rows':
      return !draft.wasThere && draft.rows.every(isEmptyRow);
    case 'group':
      return !draft.wasThere && draft.rest.length === 0 && [...draft.fields.values()].every(isBlank);
  }
}

export function parseJson(text: string, pointer: string): Read {
  try {
    return { value: JSON.parse(text), errors: [] };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const isPlain = /^\s*[\p{L}<]/u.test(text);
    const advice = isPlain ? ' Put text in quotation marks: "like this".' : '';
    return {
      value: undefined,
      errors: [{ pointer, message: `Not valid JSON: ${error.message}.${advice}` }],
    };
  }
}

function isEmptyRow({ name, value }: Row): boolean {
  return name === '' && value === '';
}

function fromRows(rows: readonly Row[], pointer: string): Read {
  const filled = rows.filter((row) => !isEmptyRow(row));
  const names = filled.map(({ name }) => name);
  const errors = [...new Set(names)].flatMap((name) => {
    const at = pointerTo(pointer, name);
    if (name === '') return [{ pointer: at, message: 'Enter a name.' }];
    const isTwice = names.indexOf(name) !== names.lastIndexOf(name);
    if (isTwice) return [{ pointer: at, message: 'Duplicate name.' }];
    // A row is a text: the reference would be sent as it is.
    const isReference = filled.some((row) => row.name === name && isSecretReference(row.value));
    return isReference ? [{ pointer: at, message: referenceMessage }] : [];
  });
  return { value: Object.fromEntries(filled.map(({ name, value }) => [name, value])), errors };
}

/** Returns whether a text is the JSON of a reference to a secret. */
function isSecretReference(text: string): boolean {
  if (!text.trimStart().startsWith('{')) return false;
  const { value } = parseJson(text, '');
  return typeof value === 'object' && value !== null && 'secret' in value && typeof value.secret === 'string';
}

function fromItems(item: Field, items: readonly Draft[], pointer: string): Read {
  const read = items.map((draft, index) => {
    const at = pointerTo(pointer, String(index));
    return isBlank(draft)
      ? { value: undefined, errors: [{ pointer: at, message: unfilled }] }
      : fromDraft(item, draft, at);
  });
  return { value: read.map(({ value }) => value), errors: read.flatMap(({ errors }) => errors) };
}

function fromGroup(fields: ReadonlyMap<string, Field>, draft: GroupDraft, pointer: string): Read {
  const read = [...fields].map(([name, field]) => {
    const inner = draft.fields.get(name) ?? toDraft(field, undefined);
    return [name, fromDraft(field, inner, pointerTo(pointer, name))] as const;
  });
  const given = read.filter(([, { value }]) => value !== undefined).map(([name, { value }]) => [name, value]);
  return {
    value: Object.fromEntries([...given, ...draft.rest]),
    errors: read.flatMap(([, { errors }]) => errors),
  };
}

/** Returns the pointers of everything that is shown, and so can have an error beside it. */
export function pointersOf(draft: Draft, pointer: string): readonly string[] {
  switch (draft.kind) {
    case 'group':
      return [pointer, ...inner([...draft.fields], pointer)];
    case 'list':
      return [pointer, ...inner([...draft.items.entries()], pointer)];
    case 'rows':
      return [pointer, ...draft.rows.map(({ name }) => pointerTo(pointer, name))];
    case 'text':
    case 'number':
    case 'flag':
    case 'choice':
    case 'json':
      return [pointer];
  }
}

function inner(parts: readonly (readonly [string | number, Draft])[], pointer: string): readonly string[] {
  return parts.flatMap(([key, draft]) => pointersOf(draft, pointerTo(pointer, String(key))));
}
