import { count } from '../format.ts';
import type { Scalar } from './unknown.ts';

const precise = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });
const scientific = new Intl.NumberFormat(undefined, { notation: 'scientific', maximumSignificantDigits: 4 });

/** Returns a figure as people read it: numbers rounded, texts unchanged. */
export function shown(value: Scalar): string {
  if (typeof value !== 'number') return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e12 || size < 1e-4)) return scientific.format(value);
  return Number.isInteger(value) ? count(value) : precise.format(value);
}

export function percent(part: number, whole: number): string {
  return whole === 0 ? '0%' : `${precise.format((part / whole) * 100)}%`;
}
