import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { describe, expect, test } from 'vitest';
import { createMeasures, type TaskMeasures } from '../../activities/measures.ts';
import { noTelemetry } from '../../src/metrics/telemetry.ts';
import { sinksOf } from '../../src/worker/runtime.ts';

const folder = join(import.meta.dirname, 'histories');
const histories = readdirSync(folder).map((file) => ({
  name: file.replace(/\.json$/, ''),
  history: JSON.parse(readFileSync(join(folder, file), 'utf8')) as { events: Record<string, unknown>[] },
}));
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
});
const counts: string[] = [];
const measures: TaskMeasures = {
  ...createMeasures(noTelemetry, []),
  taskEnded: (_type, status) => void counts.push(status),
  attemptFailed: (_type, next) => void counts.push(next),
};
const bundle = { workflowBundle: { codePath: 'dist/workflow-bundle.js' }, sinks: sinksOf(measures) };

/** Returns the id of a workflow, which the run of a schedule reads its time from. Old histories lack it. */
function workflowIdIn(event: Record<string, unknown> | undefined): string | undefined {
  const started = event?.['workflowExecutionStartedEventAttributes'] as { workflowId?: string } | undefined;
  return started?.workflowId;
}

/** A workflow change that fails one of these breaks tasks that are waiting now: put it behind `patched`. */
describe('this version of the workflow continues tasks that earlier versions started', () => {
  test.each(histories)('$name', async ({ name, history }) => {
    const workflowId = workflowIdIn(history.events[0]) ?? name;
    await expect(Worker.runReplayHistory(bundle, history, workflowId)).resolves.toBeUndefined();
  });

  test('and counts none of it again', () => {
    expect(counts).toEqual([]);
  });

  test('and rejects a history that it cannot continue', async () => {
    const plain = histories.find(({ name }) => name === 'completed');
    const events = plain?.history.events.filter(({ eventType }) => !/ACTIVITY_TASK/.test(String(eventType)));
    const tampered = {
      events: (events ?? []).map((event, index) => ({ ...event, eventId: String(index + 1) })),
    };
    await expect(Worker.runReplayHistory(bundle, tampered, 'tampered')).rejects.toThrow(
      DeterminismViolationError,
    );
  });
});
