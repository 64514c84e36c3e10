import { expect, test } from 'vitest';
import { assertChangeable } from '../../src/tasks/access.ts';
import type { LiveExecution } from '../../src/tasks/execution.ts';

const execution = (historyLength: number, historyBytes: number): LiveExecution =>
  ({ historyLength, historyBytes }) as LiveExecution;

test('a task rejects changes after thousands of them, before the server would end it for its history', () => {
  expect(() => assertChangeable(execution(4999, 1000))).not.toThrow();
  expect(() => assertChangeable(execution(5000, 1000))).toThrow(/changed too often/);
  expect(() => assertChangeable(execution(10, 16 * 1024 * 1024))).toThrow(/changed too often/);
});
