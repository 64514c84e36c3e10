/** Finds the rows of a long list that are near the visible part of the page: only those are rendered. */
import { type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

export interface Range {
  readonly first: number;
  /** Index after the last row. */
  readonly end: number;
}

/** Number of rows rendered above and below the visible part. */
const margin = 12;
/** Number of rows by which the range moves, so that not every bit of scrolling causes a rendering. */
const step = 6;

/**
 * Returns the rows to render. All lengths are in pixels.
 * @param top distance of the list from the top of the visible part; negative when it is scrolled past.
 */
export function rangeOf(top: number, height: number, rowHeight: number, rows: number): Range {
  const seen = Math.max(0, -top) / rowHeight;
  const first = Math.max(0, Math.floor((seen - margin) / step) * step);
  const end = Math.ceil((seen + height / rowHeight + margin) / step) * step;
  return { first: Math.min(first, rows), end: Math.min(end, rows) };
}

/** Returns a ref for the list's element, and the rows to render. */
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
