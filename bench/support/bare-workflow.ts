import { proxyActivities } from '@temporalio/workflow';

const { answer } = proxyActivities<{ answer(name: string): Promise<{ message: string }> }>({
  startToCloseTimeout: '1 minute',
});

/** The floor: the least with which Temporal runs anything that may fail. */
export async function bare(name: string): Promise<{ message: string }> {
  return answer(name);
}
