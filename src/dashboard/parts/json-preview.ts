/** One-line previews of the collapsed parts of a JSON tree. */

import { count } from '../format.ts';

export type Container = readonly unknown[] | Readonly<Record<string, unknown>>;

const maxEntries = 4;
const maxCharacters = 24;

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

export function sizeOf(value: Container): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** Returns the first few entries. Nested values may be deep, and are shown only as `[…]` or `{…}`. */
export function previewOf(value: Container): string {
  const size = sizeOf(value);
  const more = size > maxEntries ? ', …' : '';
  if (Array.isArray(value)) {
    const first = value.slice(0, maxEntries);
    if (first.some(isContainer)) return `[…] ${count(size)}`;
    return size === 0 ? '[]' : `[${first.map(shortOf).join(', ')}${more}] ${count(size)}`;
  }
  const first = Object.entries(value)
    .slice(0, maxEntries)
    .map(([key, item]) => `${shortened(key)}: ${shortOf(item)}`);
  return size === 0 ? '{}' : `{${first.join(', ')}${more}}`;
}

function shortOf(value: unknown): string {
  if (typeof value === 'string') return `“${shortened(value)}”`;
  if (!isContainer(value)) return String(value);
  if (sizeOf(value) === 0) return Array.isArray(value) ? '[]' : '{}';
  return Array.isArray(value) ? '[…]' : '{…}';
}

function shortened(text: string): string {
  return text.length > maxCharacters ? `${text.slice(0, maxCharacters)}…` : text;
}
