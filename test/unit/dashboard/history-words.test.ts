import { expect, test } from 'vitest';
import type { HistoryEntry } from '../../../src/contract/history.ts';
import { outcomeWord, wordsOf } from '../../../src/dashboard/task/history-words.ts';

test('entries and outcomes that only a newer service knows are shown by their names', () => {
  const entry = { at: '2030-01-01T00:00:00.000Z', run_id: 'r', by: null };
  expect(wordsOf({ ...entry, type: 'moved_on' } as unknown as HistoryEntry)).toBe('moved on');
  expect(wordsOf({ ...entry, type: 'run_now' })).toBe('Set to run now');
  expect(outcomeWord('given_up')).toBe('given up');
  expect(outcomeWord('lost')).toBe('lost with its worker');
});
