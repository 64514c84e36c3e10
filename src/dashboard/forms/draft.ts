/**
 * What stands in a form while somebody fills it in: texts that may not yet be numbers, rows that have no name yet. A value
 * becomes a draft and a draft a value without a loss of what the form does not know.
 */
import { type Field, isObject, isScalar, type Scalar } from './schema.ts';

export interface Row {
  readonly name: string;
  readonly value: string;
}

/** `wasThere`: an empty one that was given is not the same as none. */
export type Draft =
  | { readonly kind: 'text'; readonly text: string | undefined }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'flag'; readonly on: boolean | undefined }
  | { readonly kind: 'choice'; readonly value: Scalar | undefined }
  | { readonly kind: 'list'; readonly items: readonly Draft[]; readonly wasThere: boolean }
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly wasThere: boolean }
  | GroupDraft
  /** Also where a value is not what its field would ask for. */
  | { readonly kind: 'json'; readonly text: string };

export interface GroupDraft {
  readonly kind: 'group';
  readonly fields: ReadonlyMap<string, Draft>;
  /** Properties that the schema does not name. */
  readonly rest: readonly (readonly [string, unknown])[];
  readonly wasThere: boolean;
}

export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? '';
}

/** @param value undefined where there is none. */
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

/** Whether a form's own field can hold it; what is inside of a group has its own. */
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

/** What of a value another form has a place for. */
export function fittingPart(field: Field, value: unknown): unknown {
  if (field.kind !== 'group' || !isObject(value)) return undefined;
  const kept = Object.entries(value).filter(([name, part]) => {
    const inner = field.fields.get(name);
    return inner !== undefined && fits(inner, part);
  });
  // Never by assignment, which would take a property called __proto__ for the prototype.
  return Object.fromEntries(kept);
}
