import { proxyActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import { searchAttributes } from '../../src/contract/names.ts';

interface Activities {
  answer(name: string): Promise<{ message: string }>;
}

const { answer } = proxyActivities<Activities>({ startToCloseTimeout: '1 minute' });

const { answer: answerWatched } = proxyActivities<Activities>({
  startToCloseTimeout: '1 minute',
  heartbeatTimeout: '8 seconds',
});

/** The floor: the minimum that Temporal needs to run something that can fail. */
export async function bare(name: string): Promise<{ message: string }> {
  return answer(name);
}

/** The same, plus what makes a task findable and readable, and the loss of its worker detectable. */
export async function recorded(name: string): Promise<{ message: string }> {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: 'PENDING' },
    { key: searchAttributes.version, value: 2 },
    { key: searchAttributes.updatedAt, value: new Date() },
  ]);
  setCurrentDetails('**Pending**: due, and waiting for a worker.');
  const options = { summary: 'process-data', priority: { priorityKey: 3 } };
  return answerWatched.executeWithOptions(options, [name]);
}
