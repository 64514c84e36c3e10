import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeOf } from '../../../src/dashboard/tasks/window.ts';

test('the rendered rows always include the visible ones, and few more', () => {
  const cases = fc.record({
    rows: fc.integer({ min: 0, max: 100_000 }),
    rowHeight: fc.constantFrom(60, 100),
    height: fc.integer({ min: 200, max: 3000 }),
    scrolled: fc.double({ min: 0, max: 1, noNaN: true }),
    above: fc.integer({ min: 0, max: 400 }),
  });
  fc.assert(
    fc.property(cases, ({ rows, rowHeight, height, scrolled, above }) => {
      const top = above - Math.round(scrolled * rows * rowHeight);
      const { first, end } = rangeOf(top, height, rowHeight, rows);
      const firstSeen = Math.floor(Math.max(0, -top) / rowHeight);
      const lastSeen = Math.min(rows, Math.ceil((height - top) / rowHeight));
      expect(first).toBeLessThanOrEqual(Math.min(firstSeen, rows));
      expect(end).toBeGreaterThanOrEqual(Math.min(lastSeen, rows));
      expect(end - first).toBeLessThanOrEqual(Math.ceil(height / rowHeight) + 40);
    }),
  );
});
