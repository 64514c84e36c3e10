/** Who cancelled a task, in the words that stand in its event history and that the Temporal Web UI shows. */
import type { Author } from '../contract/workflow.ts';
import type { Actor } from './access.ts';

export function cancelReason({ name, id }: Actor): string {
  return `Cancelled by ${name} (${id})`;
}

/** Of a cancellation from outside of Taskbell, what was said with it. */
export function readCancelReason(text: string): { by: Author | null; reason?: string } {
  const [, name, id] = /^Cancelled by (.+) \(([\w-]+)\)$/s.exec(text) ?? [];
  if (name !== undefined && id !== undefined) return { by: { id, name } };
  return { by: null, ...(text === '' ? {} : { reason: text }) };
}
