import { expect, test } from 'vitest';
import { pageAddresses, pageAt } from '../../src/contract/pages.ts';

test.each([
  ['/', 'overview', undefined],
  ['/tasks', 'tasks', undefined],
  ['/tasks/', 'tasks', undefined],
  ['/tasks/new', 'new-task', undefined],
  ['/tasks/new/', 'new-task', undefined],
  ['/tasks/6bb2a102', 'task', '6bb2a102'],
  ['/tasks/a%20b/', 'task', 'a%20b'],
])('%s is the page %s', (path, page, id) => {
  expect(pageAt(path)).toEqual({ page, id });
});

test.each(['/tasks/x/status', '/tasks//', '/docs', '/api/tasks', '/task', '/x/tasks'])(
  '%j is not a page of the dashboard',
  (path) => {
    expect(pageAt(path)).toBeUndefined();
  },
);

test('each address is the address of a page', () => {
  for (const address of pageAddresses) expect(pageAt(address), address).toBeDefined();
});
