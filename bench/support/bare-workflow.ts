import { proxyActivities, sleep } from '@temporalio/workflow';

interface Activities {
  answer(payload: unknown): Promise<{ message: string }>;
}

const { answer } = proxyActivities<Activities>({ startToCloseTimeout: '1 minute' });

/** The minimum that Temporal needs to run something that can fail, at a time: a timer and an activity. */
export async function bare(dueAt: string, payload: unknown): Promise<{ message: string }> {
  const waitMs = Date.parse(dueAt) - Date.now();
  if (waitMs > 0) await sleep(waitMs);
  return answer(payload);
}
