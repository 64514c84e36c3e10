/**
 * The content of a form while it is being filled in: texts that may not be numbers yet, rows that have no
 * name yet. Converting a value to a draft and back loses nothing, not even properties without a form field.
 */
import { type Field, isObject, isScalar, type Scalar } from './schema.ts';

export interface Row {
  readonly name: string;
  readonly value: string;
}

/** `wasThere`: the value was present. An empty list or object isn't the same as a missing one. */
export type Draft =
  | { readonly kind: 'text'; readonly text: string | undefined }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'flag'; readonly on: boolean | undefined }
  | { readonly kind: 'choice'; readonly value: Scalar | undefined }
  | { readonly kind: 'list'; readonly items: readonly Draft[]; readonly wasThere: boolean }
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly wasThere: boolean }
  | GroupDraft
  /** Also used for a value that doesn't fit its field. */
  | { readonly kind: 'json'; readonly text: string };

export interface GroupDraft {
  readonly kind: 'group';
  readonly fields: ReadonlyMap<string, Draft>;
  /** Properties that are not in the schema. */
  readonly rest: readonly (readonly [string, unknown])[];
  readonly wasThere: boolean;
}

export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? '';
}

/** @param value undefined if there is none. */
export function toDraft(field: Field, value: unknown): Draft {
  if (value !== undefined && (field.kind === 'json' || !fits(field, value))) {
    return { kind: 'json', text: jsonText(value) };
  }
  switch (field.kind) {
    case 'text':
      return { kind: 'text', text: typeof value === 'string' ? value : undefined };
    case 'number':
      return { kind: 'number', text: typeof value === 'number' ? String(value) : '' };
    case 'flag':
      return { kind: 'flag', on: typeof value === 'boolean' ? value : field.isRequired ? false : undefined };
    case 'choice':
      return { kind: 'choice', value: isScalar(value) ? value : undefined };
    case 'list': {
      const items = Array.isArray(value) ? value.map((item) => toDraft(field.item, item)) : [];
      return { kind: 'list', items, wasThere: value !== undefined };
    }
    case 'rows': {
      const rows = Object.entries(isObject(value) ? value : {});
      return {
        kind: 'rows',
        rows: rows.map(([name, text]) => ({ name, value: String(text) })),
        wasThere: value !== undefined,
      };
    }
    case 'group':
      return groupDraft(field.fields, isObject(value) ? value : undefined);
    case 'json':
      return { kind: 'json', text: '' };
  }
}

function groupDraft(
  fields: ReadonlyMap<string, Field>,
  value: Readonly<Record<string, unknown>> | undefined,
) {
  const own = new Map(Object.entries(value ?? {}));
  return {
    kind: 'group',
    fields: new Map([...fields].map(([name, field]) => [name, toDraft(field, own.get(name))])),
    rest: [...own].filter(([name]) => !fields.has(name)),
    wasThere: value !== undefined,
  } as const;
}

/** Returns whether the field's input can hold the value. The members of a group have their own fields. */
export function fits(field: Field, value: unknown): boolean {
  switch (field.kind) {
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number';
    case 'flag':
      return typeof value === 'boolean';
    case 'choice':
      return isScalar(value) && field.options.includes(value);
    case 'list':
      return Array.isArray(value) && value.every((item) => fits(field.item, item));
    case 'rows':
      return isObject(value) && Object.values(value).every((text) => typeof text === 'string');
    case 'group':
      return isObject(value);
    case 'json':
      return true;
  }
}

/** Returns the properties of a value that fit the fields of another form. */
export function fittingPart(field: Field, value: unknown): unknown {
  if (field.kind !== 'group' || !isObject(value)) return undefined;
  const kept = Object.entries(value).filter(([name, part]) => {
    const inner = field.fields.get(name);
    return inner !== undefined && fits(inner, part);
  });
  // Assigning the properties one by one would set the prototype if one is called `__proto__`.
  return Object.fromEntries(kept);
}
