/** What the API says of a task whose run or attempt someone has changed in Temporal, by its CLI or Web UI. */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, onTestFinished, test } from 'vitest';
import { createClient } from '../../src/client/node.ts';
import type { HistoryEntry } from '../../src/contract/history.ts';
import type { Task } from '../../src/contract/task.ts';
import { type Caller, untilDone } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { hasEnded, hasRunningAttempt } from '../support/task.ts';
import { waitFor } from '../support/wait-for.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const service = useService();
const { namespace } = inject('temporal');
let alice: Caller;
let temporal: Client;

beforeAll(async () => {
  alice = await service.as('alice');
  temporal = await connectTemporal();
});

afterAll(() => temporal.connection.close());

/** Creates a task that runs until it is stopped, and waits until it does. */
async function running(): Promise<Task> {
  const payload = { steps: 600, step_ms: 100 };
  const { id } = await alice.create({ name: 'by hand', type: 'slow', delay: 0, payload });
  return alice.until(id, 'its attempt', hasRunningAttempt);
}

async function historyOf(id: string): Promise<HistoryEntry[]> {
  return (await alice.call<HistoryEntry[]>('GET', `/api/tasks/${id}/history/`)).body;
}

/** Continues the run from its first workflow task or its last, as `temporal workflow reset` does. */
async function reset(workflowId: string, from: 'first' | 'last' = 'first'): Promise<void> {
  // A run that was reset shows its first status before its workflow has run.
  const completed = await waitFor('a workflow task', async () => {
    const { events = [] } = await temporal.workflow.getHandle(workflowId).fetchHistory();
    const found = (events ?? []).filter((event) => event.workflowTaskCompletedEventAttributes);
    return found.length > 0 && found;
  });
  await temporal.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
    reason: 'again, please',
    requestId: randomUUID(),
    workflowTaskFinishEventId: completed.at(from === 'first' ? 0 : -1)?.eventId ?? null,
  });
}

describe('a task that is terminated while it runs', () => {
  test('has failed, and its attempt was lost at that moment: it does not run forever', async () => {
    const { id } = await running();
    await temporal.workflow.getHandle(id).terminate('by hand');
    const task = await alice.until(id, 'its end', ({ status }) => status === 'FAILED');
    const attempt = {
      attempt: 1,
      outcome: 'lost',
      finished_at: task.finished_at,
      error: { type: 'RunEnded', message: 'The run was ended from outside while the attempt was running' },
    };
    expect(task).toMatchObject({ attempt: 1, started_at: expect.any(String), attempts: [attempt] });
    const entries = await historyOf(id);
    expect(entries.filter(({ type }) => type === 'attempt')).toMatchObject([{ attempt }]);
  });
});

describe('a task whose run is reset', () => {
  test('twice, after it was woken from its hibernation, obeys the commands to each of its runs', async () => {
    const { id } = await alice.create({ name: 'reset', type: 'echo', delay: 3600 });
    const command = (name: string) => untilDone(() => alice.call('POST', `/api/tasks/${id}/${name}/`));
    expect((await command('pause')).status).toBe(200);
    await reset(id, 'last');
    expect((await command('resume')).status).toBe(200);
    await reset(id, 'last');
    // The third run has replayed the resume of the second.
    expect((await command('pause')).status).toBe(200);
    expect(await alice.read(id)).toMatchObject({ status: 'SCHEDULED', waiting: { reason: 'paused' } });
    expect((await command('run-now')).status).toBe(200);
    expect(await alice.until(id, 'its end', hasEnded)).toMatchObject({ status: 'COMPLETED' });
    const types = (await historyOf(id)).map(({ type }) => type);
    expect(types.filter((type) => ['paused', 'resumed', 'run_now'].includes(type))).toEqual(
      expect.arrayContaining(['resumed', 'paused', 'run_now']),
    );
  });

  test('is followed by its watchers into the new run, and its history has both runs once', async () => {
    const { id } = await running();
    const feed = await alice.watch(`/ws/tasks/${id}/`);
    const list = await alice.watch('/ws/tasks/');
    await feed.until('the run', ({ tasks }) => tasks().at(-1)?.status === 'RUNNING');
    await reset(id);
    const statuses = () => feed.tasks().map(({ status }) => status);
    await feed.until('the new run', () => statuses().includes('FAILED') && statuses().at(-1) === 'RUNNING');
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await feed.until('its end', () => statuses().at(-1) === 'CANCELLED');
    const ofTask = () => list.tasks().filter((task) => task.id === id);
    await list.until('its end', () => ofTask().at(-1)?.status === 'CANCELLED');
    feed.socket.close();
    list.socket.close();
    const entries = await historyOf(id);
    const types = entries.map(({ type }) => type);
    expect(types.filter((type) => type === 'created')).toHaveLength(1);
    expect(types).toContain('terminated');
    expect(types.at(-1)).toBe('cancelled');
    expect(new Set(entries.map(({ run_id }) => run_id)).size).toBe(2);
  });

  test('is followed by the client into the new run, whose version is not higher', async () => {
    const { id, run_created_at } = await running();
    const states: Pick<Task, 'status' | 'version' | 'run_created_at'>[] = [];
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const client = createClient({ url: service.url, token: alice.token });
    const watching = (async () => {
      for await (const state of client.tasks.watch(id, { signal: abort.signal })) states.push(state);
    })().catch((error: unknown) => error);
    await waitFor('the run', () => states.at(-1)?.status === 'RUNNING');
    await reset(id);
    const isOfNewRun = (state: Pick<Task, 'run_created_at'>) => state.run_created_at > run_created_at;
    await waitFor('the new run', () =>
      states.some((state) => isOfNewRun(state) && state.status === 'RUNNING'),
    );
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await waitFor('its end', () => states.at(-1)?.status === 'CANCELLED');
    const [before, after] = [states.findLast((state) => !isOfNewRun(state)), states.find(isOfNewRun)];
    expect(after?.version).toBeLessThanOrEqual(before?.version ?? 0);
    // No state of the run that was replaced came after one of the new run.
    expect(states.findLastIndex((state) => !isOfNewRun(state))).toBeLessThan(states.findIndex(isOfNewRun));
    abort.abort();
    await watching;
  });
});

describe('an attempt', () => {
  const execution = (id: string) => ({ workflowId: id, runId: '' });

  test('whose activity is paused is waiting, and the reason is the pause', async () => {
    const { id } = await running();
    await temporal.workflowService.pauseActivity({
      namespace,
      execution: execution(id),
      type: 'processTask',
    });
    const paused = await alice.until(id, 'the pause', ({ waiting }) => waiting?.reason === 'paused');
    expect(paused.status).toBe('RUNNING');
    expect(paused.attempts[0]?.error?.message).toContain('Temporal withdrew the attempt');
    await temporal.workflowService.unpauseActivity({
      namespace,
      execution: execution(id),
      type: 'processTask',
    });
    await alice.until(id, 'the next attempt', hasRunningAttempt);
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
  });
});
