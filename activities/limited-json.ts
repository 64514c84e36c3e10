import type { SecretMask } from './secret-mask.ts';
import { TaskFailure } from './types/define.ts';

/**
 * Serialises a handler's result or checkpoint as it is at this moment.
 * @param mask the secrets to replace, before the size is checked
 * @returns the JSON.
 * @throws a non-retryable TaskFailure, such as `ResultTooLarge` or `CheckpointNotSerialisable`.
 */
export function toLimitedJson(
  name: 'Result' | 'Checkpoint',
  value: unknown,
  maxBytes: number,
  mask: SecretMask,
): string {
  const text = mask.json(serialise(name, value));
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    const message = `The ${name.toLowerCase()} is ${bytes} bytes of JSON; the maximum is ${maxBytes}`;
    throw new TaskFailure(`${name}TooLarge`, message, { retryable: false });
  }
  return text;
}

function serialise(name: string, value: unknown): string {
  // The result of a handler that returns nothing is null.
  if (value === undefined) return 'null';
  const fault = (why: string): TaskFailure => {
    const message = `The ${name.toLowerCase()} cannot be written as JSON: ${why}`;
    return new TaskFailure(`${name}NotSerialisable`, message, { retryable: false });
  };
  let text: string | undefined;
  try {
    text = JSON.stringify(value, rejectCollections);
  } catch (cause) {
    throw fault(cause instanceof Error ? cause.message : 'unknown reason');
  }
  // A function or a symbol.
  if (text === undefined) throw fault(`it is a ${typeof value}`);
  return text;
}

/** Rejects values of which JSON would keep nothing: a Map or a Set would become `{}`. */
function rejectCollections(key: string, value: unknown): unknown {
  if (!(value instanceof Map) && !(value instanceof Set)) return value;
  const [kind, remedy] =
    value instanceof Map ? ['Map', 'Object.fromEntries(map)'] : ['Set', 'an array: [...set]'];
  const where = key === '' ? 'it' : `"${key}"`;
  throw new TypeError(`${where} is a ${kind}, which would become {}. Return ${remedy}`);
}
