/** Which rows of a long list are near the part of the page that is seen: only those are there at all. */
import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface Range {
  readonly first: number;
  /** One beyond the last. */
  readonly end: number;
}

/** Rows above and below what is seen. */
const margin = 12;
/** The range moves on by so many rows, so that not every bit of scrolling is a rendering. */
const step = 6;

/** @param top of the list, below the upper edge of what is seen; negative when it is scrolled past. All in pixels. */
export function rangeOf(top: number, height: number, rowHeight: number, rows: number): Range {
  const seen = Math.max(0, -top) / rowHeight;
  const first = Math.max(0, Math.floor((seen - margin) / step) * step);
  const end = Math.ceil((seen + height / rowHeight + margin) / step) * step;
  return { first: Math.min(first, rows), end: Math.min(end, rows) };
}

/** @returns where to put the list's element, and the rows to show. */
export function useWindow(
  rows: number,
  rowHeight: number,
): { list: RefObject<HTMLDivElement | null>; range: Signal<Range> } {
  const list = useRef<HTMLDivElement>(null);
  const range = useSignal<Range>({ first: 0, end: Math.min(rows, 2 * margin + step) });
  useEffect(() => {
    let frame = 0;
    const look = (): void => {
      frame = 0;
      const top = list.current?.getBoundingClientRect().top ?? 0;
      const next = rangeOf(top, globalThis.innerHeight, rowHeight, rows);
      const { first, end } = range.peek();
      if (next.first !== first || next.end !== end) range.value = next;
    };
    const soon = (): void => {
      if (frame === 0) frame = requestAnimationFrame(look);
    };
    look();
    globalThis.addEventListener('scroll', soon, { passive: true });
    globalThis.addEventListener('resize', soon);
    return () => {
      cancelAnimationFrame(frame);
      globalThis.removeEventListener('scroll', soon);
      globalThis.removeEventListener('resize', soon);
    };
  }, [rows, rowHeight, range]);
  return { list, range };
}
