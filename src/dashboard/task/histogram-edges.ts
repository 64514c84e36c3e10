import type { Histogram } from './data-result.ts';

const dayMs = 86_400_000;

/**
 * Returns the value at which a range starts and the one before it ends: a number, or an instant in UTC. Dates are
 * never read from their text, which has no offset in most data: the browser would take its own zone's.
 */
export function edgeOf({ from, to, fromAt, toAt, counts }: Histogram, index: number): number | string {
  const part = index / counts.length;
  // Weighs each end separately, since the difference of two numbers can exceed the largest number.
  if (typeof from === 'number' && typeof to === 'number') return from * (1 - part) + to * part;
  // Results of earlier versions have no instants.
  if (fromAt === undefined || toAt === undefined) return `${Math.round(part * 100)}%`;
  const at = new Date(fromAt + (toAt - fromAt) * part).toISOString();
  return toAt - fromAt > counts.length * dayMs ? at.slice(0, 10) : at;
}
