/** Recovery: what becomes of tasks whose worker is killed just after they are due, if another one starts at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, untilDone } from '../support/contenders.ts';
import { atOnce, numbers } from '../support/load.ts';
import type { Stage } from '../support/stage.ts';
import { byContender, percentile } from '../support/statistics.ts';

const tasks = 40;
const rounds = { ours: 3, peers: 1 };
const leadMs = 4000;
const killAfterMs = 100;
/** Time after which the tasks that are done are counted, in milliseconds. */
const waitMs = 20_000;
/** How late a task may be whose worker was killed, in seconds. */
const promised = 12;

interface Round {
  readonly done: number;
  /** Seconds after which the tasks were done that were. */
  readonly p50: number | undefined;
  readonly last: number | undefined;
}

export async function measureRecovery(stage: Stage, contenders: readonly Contender[]): Promise<void> {
  stage.note(`a worker killed ${killAfterMs} ms after ${tasks} tasks are due, and another one started`);
  const results = new Map<string, Round[]>();
  for (const contender of contenders) {
    const all: Round[] = [];
    const times = ['taskbell', 'before'].includes(contender.name) ? rounds.ours : rounds.peers;
    for (let round = 0; round < times; round += 1) all.push(await runRound(contender));
    results.set(contender.name, all);
  }
  stage.report({
    title: `worker killed: done within ${waitMs / 1000} s`,
    unit: `of ${tasks} tasks`,
    digits: 0,
    target: { atLeast: tasks },
    values: byContender(results, ({ done }) => done),
  });
  stage.report({
    title: '  after, p50 of those that are done',
    unit: 's',
    values: byContender(results, ({ p50 }) => p50),
  });
  stage.report({
    title: '  the last of them',
    unit: 's',
    target: { atMost: promised },
    values: byContender(results, ({ last }) => last),
  });
}

async function runRound(contender: Contender): Promise<Round> {
  await contender.prepare?.();
  const since = new Date();
  const dueAt = new Date(since.getTime() + leadMs);
  const { results: ids } = await atOnce(8, numbers(tasks), () => contender.create(dueAt));
  await sleep(Math.max(0, dueAt.getTime() + killAfterMs - Date.now()));
  await contender.replaceWorker?.();
  const batch = { ids, dueAt, since };
  const done = await untilDone(contender, batch, waitMs);
  const seconds = (await contender.doneAt(batch)).map((at) => (at.getTime() - dueAt.getTime()) / 1000);
  if (seconds.length === 0) return { done, p50: undefined, last: undefined };
  return { done, p50: percentile(seconds, 0.5), last: Math.max(...seconds) };
}
