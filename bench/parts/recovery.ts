/** Recovery: what becomes of tasks whose worker is killed while four of them run, if another one starts at once. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, type Recovery, untilDone } from '../support/contenders.ts';
import { atOnce, numbers } from '../support/load.ts';
import type { Stage } from '../support/stage.ts';
import { byContender, percentile } from '../support/statistics.ts';

const tasks = 40;
/** Long enough that no task is done when the worker is killed, even if its contender starts it at once. */
const runTimeMs = 1000;
/** Tasks that a worker runs at a time. */
const concurrency = 4;
const rounds = { ours: 3, peers: 1 };
const leadMs = 4000;
/** Time from the due time to the kill, in milliseconds: all contenders, also one that polls twice a second, run tasks then. */
const killAfterMs = 750;
/** Time after the kill at which the tasks that are done are counted, in milliseconds: they take ten seconds, and that. */
const waitMs = 25_000;

interface Round {
  /** Tasks that are not done after the wait. Undefined if all were done before the kill, since nothing was measured then. */
  readonly undone: number | undefined;
  /** Seconds from the kill until the tasks were done that were not before it. */
  readonly p50: number | undefined;
  readonly last: number | undefined;
  /** How much later than without a kill all were done, in seconds. */
  readonly delay: number | undefined;
}

export async function measureRecovery(stage: Stage, contenders: readonly Contender[]): Promise<void> {
  stage.note(
    `a worker killed ${killAfterMs} ms after ${tasks} tasks of ${runTimeMs / 1000} s are due, and another one started`,
  );
  const results = new Map<string, Round[]>();
  for (const contender of contenders) {
    if (contender.recovery === undefined) continue;
    const all: Round[] = [];
    const times = ['taskbell', 'before'].includes(contender.name) ? rounds.ours : rounds.peers;
    for (let round = 0; round < times; round += 1) all.push(await runRound(contender, contender.recovery));
    results.set(contender.name, all);
  }
  stage.report({
    title: `worker killed: not done ${waitMs / 1000} s later`,
    unit: `of ${tasks} tasks`,
    digits: 0,
    target: { atMost: 0, isPromise: true },
    values: byContender(results, ({ undone }) => undone),
  });
  stage.report({
    title: '  from the kill to the end, p50 of the others',
    unit: 's',
    values: byContender(results, ({ p50 }) => p50),
  });
  stage.report({
    title: '  from the kill to the last end',
    unit: 's',
    values: byContender(results, ({ last }) => last),
  });
  stage.report({
    title: '  all done, later than without the kill',
    unit: 's',
    values: byContender(results, ({ delay }) => delay),
  });
}

async function runRound(contender: Contender, { createLong, replaceWorker }: Recovery): Promise<Round> {
  await contender.prepare?.();
  const since = new Date();
  const dueAt = new Date(since.getTime() + leadMs);
  const { results: ids } = await atOnce(8, numbers(tasks), () => createLong(dueAt, runTimeMs));
  await sleep(Math.max(0, dueAt.getTime() + killAfterMs - Date.now()));
  const killedAt = await replaceWorker();
  const batch = { ids, dueAt, since };
  await untilDone(contender, batch, killedAt.getTime() - dueAt.getTime() + waitMs);
  const doneAt = (await contender.doneAt(batch)).map((at) => at.getTime());
  const after = doneAt.flatMap((at) => (at < killedAt.getTime() ? [] : [(at - killedAt.getTime()) / 1000]));
  const undone = tasks - doneAt.length;
  const withoutKill = dueAt.getTime() + (tasks / concurrency) * runTimeMs;
  return {
    undone: undone + after.length === 0 ? undefined : undone,
    p50: after.length === 0 ? undefined : percentile(after, 0.5),
    last: after.length === 0 ? undefined : Math.max(...after),
    delay: undone > 0 ? undefined : (Math.max(...doneAt) - withoutKill) / 1000,
  };
}
