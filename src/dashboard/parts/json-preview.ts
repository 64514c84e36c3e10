/** What a closed part of a JSON tree says of itself, on one line. */

import { count } from '../format.ts';

export type Container = readonly unknown[] | Readonly<Record<string, unknown>>;

const mostEntries = 4;
const mostCharacters = 24;

export function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

export function sizeOf(value: Container): number {
  return Array.isArray(value) ? value.length : Object.keys(value).length;
}

/** The first few entries, and of what they contain no more than that it is there: it may be deep. */
export function previewOf(value: Container): string {
  const size = sizeOf(value);
  const more = size > mostEntries ? ', …' : '';
  if (Array.isArray(value)) {
    const first = value.slice(0, mostEntries);
    if (first.some(isContainer)) return `[…] ${count(size)}`;
    return size === 0 ? '[]' : `[${first.map(shortOf).join(', ')}${more}] ${count(size)}`;
  }
  const first = Object.entries(value)
    .slice(0, mostEntries)
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
  return text.length > mostCharacters ? `${text.slice(0, mostCharacters)}…` : text;
}
