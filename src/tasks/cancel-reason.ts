/**
 * Returns a text that names who cancelled a task. Its event history stores it, and the Temporal Web UI shows
 * it.
 */
import type { Author } from '../contract/workflow.ts';
import type { Actor } from '../resources/actor.ts';

export function cancelReason({ name, id }: Actor): string {
  return `Cancelled by ${name} (${id})`;
}

/** Returns who cancelled a task; for a cancellation from outside Taskbell, the reason given with it. */
export function readCancelReason(text: string): { by: Author | null; reason?: string } {
  const [, name, id] = /^Cancelled by (.+) \(([\w-]+)\)$/s.exec(text) ?? [];
  if (name !== undefined && id !== undefined) return { by: { id, name } };
  return { by: null, ...(text === '' ? {} : { reason: text }) };
}
