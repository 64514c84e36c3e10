import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { DeterminismViolationError } from '@temporalio/workflow';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, 'histories');
const histories = readdirSync(folder).map((file) => ({
  name: file.replace(/\.json$/, ''),
  history: JSON.parse(readFileSync(join(folder, file), 'utf8')) as { events: Record<string, unknown>[] },
}));
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { forward: {}, filter: 'OFF' } },
});
const bundle = { workflowBundle: { codePath: 'dist/workflow-bundle.js' } };

/** A change that breaks one of these breaks tasks that are asleep right now: it belongs behind `patched`. */
describe('the workflow of this version goes on with tasks that earlier versions began', () => {
  test.each(histories)('$name', async ({ name, history }) => {
    await expect(Worker.runReplayHistory(bundle, history, name)).resolves.toBeUndefined();
  });

  test('and notices when it cannot', async () => {
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
