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

/** The floor: the least with which Temporal runs anything that may fail. */
export async function bare(name: string): Promise<{ message: string }> {
  return answer(name);
}

/** The same with what makes a task findable and readable, and its worker's loss noticeable. */
export async function recorded(name: string): Promise<{ message: string }> {
  upsertSearchAttributes([
    { key: searchAttributes.status, value: 'PENDING' },
    { key: searchAttributes.version, value: 2 },
    { key: searchAttributes.updatedAt, value: new Date() },
  ]);
  setCurrentDetails('**Pending**: its time has come, and it waits for a worker.');
  const options = { summary: 'process-data', priority: { priorityKey: 3 } };
  return answerWatched.executeWithOptions(options, [name]);
}
