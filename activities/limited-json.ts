import { TaskFailure } from './types/define.ts';

/**
 * Serialises a handler's result or checkpoint as it is at this moment.
 * @returns the JSON.
 * @throws a non-retryable TaskFailure, such as `ResultTooLarge` or `CheckpointNotSerialisable`.
 */
export function toLimitedJson(name: 'Result' | 'Checkpoint', value: unknown, maxBytes: number): string {
  const text = serialise(name, value);
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
  const fault = (why: string, cause?: unknown): TaskFailure => {
    const message = `The ${name.toLowerCase()} cannot be written as JSON: ${why}`;
    return new TaskFailure(`${name}NotSerialisable`, message, { retryable: false, cause });
  };
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw fault(cause instanceof Error ? cause.message : 'unknown reason', cause);
  }
  // A function or a symbol.
  if (text === undefined) throw fault(`it is a ${typeof value}`);
  return text;
}
