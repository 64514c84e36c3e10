/** A payload while it is filled in: by the form of its type's schema, or as JSON text. */
import type { TaskType } from '../../client/index.ts';
import { type Draft, fittingPart, jsonText, toDraft } from './draft.ts';
import { fromDraft, parseJson, pointersOf, type Read, requiredMessage } from './read-draft.ts';
import { type Field, fieldOf } from './schema.ts';

export type Payload =
  | { readonly mode: 'form'; readonly draft: Draft }
  | { readonly mode: 'json'; readonly text: string };

export const payloadPointer = '/payload';

/** Of a type that is not known, whatever is written. */
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
  // What the interface takes for none at all; no type can ask for less.
  return text?.trim() ? parseJson(text, payloadPointer) : { value: {}, errors: [] };
}

/** Of one that is written as JSON, be it by choice or because there is no better way. */
function textOf(payload: Payload): string | undefined {
  if (payload.mode === 'json') return payload.text;
  return payload.draft.kind === 'json' ? payload.draft.text : undefined;
}

/** The same in its other look, or why it has none yet. */
export function otherLook(field: Field, payload: Payload): Payload | Pick<Read, 'errors'> {
  const { value, errors } = readPayload(field, payload);
  const faults = errors.filter(({ message }) => !isMissing(message));
  if (faults.length > 0) return { errors: faults };
  return payload.mode === 'form' ? { mode: 'json', text: jsonText(value ?? {}) } : payloadOf(field, value);
}

/** What has not been filled in yet need not be, to be looked at as JSON. */
function isMissing(message: string): boolean {
  return message === requiredMessage;
}

/** For another type: what fits there is kept. */
export function payloadForType(before: Field, payload: Payload, after: Field): Payload {
  const { value } = readPayload(before, payload);
  return payloadOf(after, fittingPart(after, value));
}

export function payloadPointers(payload: Payload): readonly string[] {
  return payload.mode === 'form' ? pointersOf(payload.draft, payloadPointer) : [payloadPointer];
}
