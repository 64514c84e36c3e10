import { signal } from '@preact/signals';
import { describe, expect, test } from 'vitest';
import { createSelection } from '../../../src/dashboard/tasks/selection.ts';

function aSelection() {
  const ids = signal<readonly string[]>(['a', 'b', 'c', 'd', 'e']);
  const selection = createSelection({ ids });
  const ticked = () => [...selection.ids.value].join('');
  return { ids, selection, ticked };
}

describe('a selection', () => {
  test('selects a range, in both directions, and deselects one', () => {
    const { selection, ticked } = aSelection();
    selection.toggle('d', false);
    selection.toggle('b', true);
    expect(ticked()).toBe('dbc');
    selection.toggle('c', false);
    selection.toggle('d', true);
    expect(ticked()).toBe('b');
  });

  test('has no tasks that the list no longer shows', () => {
    const { ids, selection, ticked } = aSelection();
    selection.takeLoaded();
    ids.value = ['c', 'x'];
    expect(ticked()).toBe('c');
    ids.value = ['x'];
    expect(selection.isEmpty.value).toBe(true);
  });

  test('of all matching tasks has whatever is loaded, until one of them is deselected', () => {
    const { ids, selection, ticked } = aSelection();
    selection.takeAll();
    ids.value = [...ids.value, 'f'];
    expect([ticked(), selection.isAll.value]).toEqual(['abcdef', true]);
    selection.toggle('b', false);
    expect([ticked(), selection.isAll.value]).toEqual(['acdef', false]);
    selection.clear();
    expect(selection.isEmpty.value).toBe(true);
  });
});
