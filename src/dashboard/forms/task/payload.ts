/** A payload being filled in: in the form of its type's schema, or as JSON text. */
import type { TaskType } from '../../../client/index.ts';
import { type Draft, fittingPart, jsonText, toDraft } from '../schema/draft.ts';
import {
  fromDraft,
  parseJson,
  pointersOf,
  type Read,
  referenceMessage,
  requiredMessage,
} from '../schema/read-draft.ts';
import { type Field, fieldOf } from '../schema/schema.ts';

export type Payload =
  | { readonly mode: 'form'; readonly draft: Draft }
  | { readonly mode: 'json'; readonly text: string };

export const payloadPointer = '/payload';

/** Returns the field for a type's payload. An unknown type takes any JSON. */
export function payloadField(type: TaskType | undefined): Field {
  if (type) return { ...fieldOf(type.payload), label: 'Payload' };
  return { kind: 'json', label: 'Payload', hint: '', isRequired: false, fallback: undefined };
}

export function payloadOf(field: Field, value: unknown): Payload {
  return { mode: 'form', draft: toDraft(field, value) };
}

export function readPayload(field: Field, payload: Payload): Read {
  const text = textOf(payload);
  if (text === undefined && payload.mode === 'form') return fromDraft(field, payload.draft, payloadPointer);
  // Empty text means {}, which is the API's default too; no type can require less.
  return text?.trim() ? parseJson(text, payloadPointer) : { value: {}, errors: [] };
}

/** Returns the text of a payload that is written as JSON, by choice or because no form can hold it. */
function textOf(payload: Payload): string | undefined {
  if (payload.mode === 'json') return payload.text;
  return payload.draft.kind === 'json' ? payload.draft.text : undefined;
}

/** Converts a payload to the other mode, or returns the errors that prevent it. */
export function otherLook(field: Field, payload: Payload): Payload | Pick<Read, 'errors'> {
  const { value, errors } = readPayload(field, payload);
  const faults = errors.filter(({ message }) => !isForOtherLook(message));
  if (faults.length > 0) return { errors: faults };
  return payload.mode === 'form' ? { mode: 'json', text: jsonText(value ?? {}) } : payloadOf(field, value);
}

/** Returns whether an error doesn't prevent a change of mode: a missing value, or one that needs the other mode. */
function isForOtherLook(message: string): boolean {
  return message === requiredMessage || message === referenceMessage;
}

/** Converts a payload to another type, keeping the properties that fit. */
export function payloadForType(before: Field, payload: Payload, after: Field): Payload {
  const { value } = readPayload(before, payload);
  return payloadOf(after, fittingPart(after, value));
}

export function payloadPointers(payload: Payload): readonly string[] {
  return payload.mode === 'form' ? pointersOf(payload.draft, payloadPointer) : [payloadPointer];
}
