import { describe, expect, test } from 'vitest';
import { taskExample } from '../../../src/contract/examples.ts';
import { createTaskInput, editTaskInput, type Task } from '../../../src/contract/task.ts';
import { payloadField, payloadOf } from '../../../src/dashboard/forms/task/payload.ts';
import { rebased } from '../../../src/dashboard/forms/task/rebase.ts';
import { createKeys, sendInTime } from '../../../src/dashboard/forms/task/sending.ts';
import { changesOf, newTask } from '../../../src/dashboard/forms/task/task-body.ts';
import { asShown, defaults, editForm, emptyForm } from '../../../src/dashboard/forms/task/task-form.ts';
import { TaskbellError } from '../../../src/client/index.ts';

const field = payloadField({
  name: 'process-data',
  description: '',
  payload: { type: 'object', properties: { csv: { type: 'string' } }, additionalProperties: false },
});
const task = taskExample as unknown as Task;

test('the defaults that are shown are those of the API', () => {
  const { retry, soft_time_limit, time_limit, priority } = createTaskInput.parse({ name: 'x', delay: 0 });
  expect(defaults).toEqual({ ...retry, soft_time_limit, time_limit, priority });
});

describe('a new task', () => {
  test("with nothing but a name leaves all others to the API's defaults", () => {
    const made = newTask(field, 'process-data', { ...emptyForm(field), name: 'x' });
    expect(made).toEqual({ body: { name: 'x', type: 'process-data', delay: 0, payload: {} } });
  });

  test('contains all that has been filled in, in a form that the API accepts', () => {
    const form = {
      ...emptyForm(field),
      name: 'x',
      description: 'why',
      tags: ['a', 'b'],
      priority: 1,
      after: '0b9f2f5e-6a35-4c35-9b5c-3d3a3f1d1c11\n\n 0b9f2f5e-6a35-4c35-9b5c-3d3a3f1d1c12 ',
      after_policy: 'any' as const,
      numbers: { ...emptyForm(field).numbers, max_retries: '0', initial_interval: '0.5', time_limit: '60' },
    };
    const made = newTask(field, 'process-data', form);
    const body = 'body' in made ? made.body : undefined;
    expect(body).toMatchObject({ retry: { max_retries: 0, initial_interval: 0.5 }, time_limit: 60 });
    expect(body).not.toHaveProperty('soft_time_limit');
    expect(createTaskInput.parse(body)).toMatchObject({
      tags: ['a', 'b'],
      after_policy: 'any',
      after: [{}, {}].map(() => expect.any(String)),
    });
  });

  test('with invalid numbers has an error at each of them, and at everything else that is invalid', () => {
    const numbers = { ...emptyForm(field).numbers, max_retries: 'x', time_limit: '1e' };
    expect(newTask(field, 'x', { ...emptyForm(field), numbers, tags: ['b@d'] })).toMatchObject({
      errors: ['/retry/max_retries', '/time_limit', '/name', '/tags/0'].map((pointer) => ({ pointer })),
    });
  });
});

describe('changes', () => {
  const before = editForm(field, task);

  test('are empty if nothing was edited, even if the time has passed', () => {
    expect(changesOf(field, before, before)).toEqual({ body: {} });
  });

  test('contain what differs, and nothing else', () => {
    const form = {
      ...before,
      name: 'other',
      tags: [],
      numbers: { ...before.numbers, maximum_interval: '7' },
      when: { kind: 'in', seconds: 60, zone: 'UTC' } as const,
    };
    const made = changesOf(field, before, form);
    expect(made).toEqual({ body: { name: 'other', tags: [], retry: { maximum_interval: 7 }, delay: 60 } });
    expect(editTaskInput.safeParse('body' in made ? made.body : undefined).success).toBe(true);
  });

  test('cannot remove a number', () => {
    const numbers = { ...before.numbers, time_limit: '' };
    expect(changesOf(field, before, { ...before, numbers })).toMatchObject({
      errors: [{ pointer: '/time_limit' }],
    });
  });
});

test('my changes are kept when others have changed the task in the meantime', () => {
  const before = editForm(field, task);
  const newest = editForm(field, { ...task, name: 'theirs', tags: ['theirs'], time_limit: 99, version: 9 });
  const numbers = { ...before.numbers, max_retries: '9' };
  const payload = payloadOf(field, { csv: 'mine' });
  const mine = { ...before, tags: ['mine'], numbers, payload };
  expect(changesOf(field, newest, rebased(mine, before, newest))).toEqual({
    body: { tags: ['mine'], retry: { max_retries: 9 }, payload: { csv: 'mine' } },
  });
});

test('an error about one of several values names that value', () => {
  const form = { ...emptyForm(field), tags: ['a', 'b c'], after: 'one\ntwo' };
  const errors = ['/tags/1', '/after/1', '/tags', '/delay'].map((pointer) => ({ pointer, message: 'no' }));
  expect(asShown(errors, form)).toEqual([
    { pointer: '/tags', message: 'b c: no' },
    { pointer: '/after', message: 'two: no' },
    { pointer: '/tags', message: 'no' },
    { pointer: '/scheduled_time', message: 'no' },
  ]);
});

test('the same body is sent with the same idempotency key, any other body with another', () => {
  const keyOf = createKeys();
  const [first, other] = [keyOf({ a: 1 }), keyOf({ a: 2 })];
  expect(keyOf({ a: 1 })).toBe(first);
  expect(other).not.toBe(first);
  expect(createKeys()({ a: 1 })).not.toBe(first);
});

describe('a time that has passed while the form was filled in', () => {
  const now = Date.parse('2026-05-01T12:00:00Z');
  const past = { name: 'x', scheduled_time: '2026-05-01T11:59:00.000Z' };
  const rejection = new TaskbellError('no', {
    status: 400,
    code: 'validation',
    errors: [{ pointer: '/scheduled_time', message: 'Cannot schedule tasks in the past' }],
  });
  const sent = async (body: typeof past, error: Error) => {
    const bodies: unknown[] = [];
    const answer = await sendInTime(
      body,
      () => now,
      async (sending) => {
        bodies.push(sending);
        if ('scheduled_time' in sending) throw error;
        return 'made';
      },
    ).catch((thrown: unknown) => thrown);
    return { bodies, answer };
  };

  test('is sent again with a delay of 0 when it is rejected', async () => {
    expect(await sent(past, rejection)).toEqual({ bodies: [past, { name: 'x', delay: 0 }], answer: 'made' });
  });

  test('is not sent again when it has not passed, or when something else is wrong', async () => {
    const ahead = { ...past, scheduled_time: '2036-05-01T12:00:01.000Z' };
    expect(await sent(ahead, rejection)).toEqual({ bodies: [ahead], answer: rejection });
    const lost = new TaskbellError('lost', { status: 0, code: 'unreachable' });
    expect(await sent(past, lost)).toEqual({ bodies: [past], answer: lost });
  });
});
