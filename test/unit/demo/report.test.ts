import { expect, test } from 'vitest';
import { report } from '../../../demo/report.ts';
import type { Part } from '../../../demo/show.ts';
import { plain } from '../../../demo/table.ts';
import type { Scene } from '../../../demo/tasks.ts';
import type { Task, TaskSummary } from '../../../src/contract/task.ts';
import { aTask } from './fixtures.ts';

function part(scene: Partial<Scene>, changes: Partial<TaskSummary>): Part {
  const task = aTask({ waiting: null, ...changes });
  const created: Task = { ...aTask(), payload: {}, attempts: [] };
  return {
    scene: { task: { name: 'A task' }, ends: 'COMPLETED', summary: () => 'what came of it', ...scene },
    row: { name: 'A task', task },
    created,
  };
}

const options = {
  url: 'http://127.0.0.1:8000',
  target: { wished: '127.0.0.1:8765', actual: '127.0.0.1:8765' },
  withLinks: true,
  deadlineMs: 90_000,
  paint: plain,
};

test('shows the outcome of a task, and its address', () => {
  expect(report([part({}, { status: 'COMPLETED', attempt: 1 })], options).split('\n')).toEqual([
    '',
    '  A task: COMPLETED',
    '    what came of it',
    `    http://127.0.0.1:8000/api/tasks/${aTask().id}/`,
    '',
    'All ended as they should.',
  ]);
});

test('reports an unexpected outcome, with the task’s error', () => {
  const text = report([part({}, { status: 'FAILED', attempt: 1, error_message: 'disk full' })], options);
  expect(text).toContain('    disk full\n');
  expect(text).toContain('A task: should have ended as COMPLETED, but ended as FAILED.');
});

test('reports a task that should have failed first and did not', () => {
  const text = report([part({ attempts: 3 }, { status: 'COMPLETED', attempt: 1 })], options);
  expect(text).toContain(
    'A task: should have ended as COMPLETED in 3 attempts, but ended as COMPLETED in 1.',
  );
});

test('reports a task that has not ended in time', () => {
  const text = report([part({}, { status: 'RUNNING', attempt: 1 })], options);
  expect(text).toContain('A task: still RUNNING after 90 s.');
});

test.each([
  '127.0.0.1 is not allowed: only public addresses are called',
  '/payload/url: Port 8765 is not allowed',
])('names the missing setting when the error of a worker is "%s"', (error_message) => {
  const rejected = part(
    { ifRejected: { instead: undefined } },
    { status: 'FAILED', attempt: 1, error_message },
  );
  const text = report([rejected], options);
  expect(text).toContain('start the service with TASKBELL_HTTP_ALLOW_HOSTS=127.0.0.1:8765\n');
  expect(text).toContain('All others ended as they should.');
});

test('says that another program uses the port that could be allowed', () => {
  const rejected: Part = {
    ...part({ ifRejected: { instead: undefined } }, {}),
    created: undefined,
    row: { name: 'A task', task: undefined, rejection: 'not allowed' },
  };
  const target = { wished: '127.0.0.1:8765', actual: '127.0.0.1:40001' };
  expect(report([rejected], { ...options, target })).toContain('127.0.0.1:8765 is in use by another program');
});
