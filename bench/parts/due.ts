/** Tasks that are due at one instant: how fast they are created, when they are done, and what they cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../support/contenders.ts';
import { type CpuTimes, totalCpu } from '../support/cpu.ts';
import { atOnce, numbers } from '../support/load.ts';
import { interleave, type Stage } from '../support/stage.ts';
import { byContender, percentile } from '../support/statistics.ts';

const tasks = 300;
const creationsAtOnce = 20;
/** Time from the start of the creations until the tasks are due, in milliseconds: all are created by then. */
const leadMs = 6000;
/** Time after the last task is done until the CPU time is read, in milliseconds: late work counts as well. */
const settleMs = 1000;

interface Round {
  readonly perSecond: number;
  /** Seconds after which tasks were done, from the instant at which they were due. */
  readonly p50: number;
  readonly p99: number;
  /** CPU time per task, in milliseconds. */
  readonly cpu: CpuTimes;
}

/** @returns the ids of the tasks that each contender has run, round by round. */
export async function measureDue(
  stage: Stage,
  contenders: readonly Contender[],
): Promise<Map<string, string[][]>> {
  const { rounds } = stage.options;
  stage.note(`${tasks} tasks due at one instant; ${rounds} rounds, after one to warm up`);
  const ended = new Map<string, string[][]>(contenders.map(({ name }) => [name, []]));
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await runRound(contender);
  await interleave(contenders, rounds, async (contender) => {
    const { round, ids } = await runRound(contender);
    results.get(contender.name)?.push(round);
    ended.get(contender.name)?.push(ids);
  });
  reportRounds(stage, results);
  return ended;
}

/** Runs tasks that nothing is measured of, for parts that need ended ones. */
export async function endTasks(contenders: readonly Contender[]): Promise<Map<string, string[][]>> {
  const ended = new Map<string, string[][]>();
  for (const contender of contenders) ended.set(contender.name, [(await runRound(contender)).ids]);
  return ended;
}

async function runRound(contender: Contender): Promise<{ round: Round; ids: string[] }> {
  const before = contender.cpu();
  const since = new Date();
  const dueAt = new Date(since.getTime() + leadMs);
  const { results: ids, perSecond } = await atOnce(creationsAtOnce, numbers(tasks), () =>
    contender.create(dueAt),
  );
  if (Date.now() > dueAt.getTime())
    throw new Error(`${contender.name} took longer than ${leadMs / 1000} s to create ${tasks} tasks`);
  const whenDone = await contender.untilDone({ ids, dueAt, since });
  await sleep(settleMs);
  const after = contender.cpu();
  const seconds = (await whenDone()).map((at) => (at.getTime() - dueAt.getTime()) / 1000);
  if (Math.min(...seconds) < 0) throw new Error(`${contender.name} ran a task before its time`);
  const cpu = Object.fromEntries(
    Object.entries(after).map(([name, ms]) => [name, (ms - (before[name] ?? 0)) / tasks]),
  );
  return { round: { perSecond, p50: percentile(seconds, 0.5), p99: percentile(seconds, 0.99), cpu }, ids };
}

function reportRounds(stage: Stage, rounds: ReadonlyMap<string, readonly Round[]>): void {
  stage.report({
    title: `create, ${creationsAtOnce} at once`,
    unit: 'per s',
    digits: 0,
    moreIsBetter: true,
    target: { atLeast: 1, of: 'celery', recorded: 242 },
    values: byContender(rounds, ({ perSecond }) => perSecond),
  });
  stage.report({
    title: `${tasks} due at once: done after, p50`,
    unit: 's',
    digits: 2,
    values: byContender(rounds, ({ p50 }) => p50),
  });
  stage.report({
    title: `${tasks} due at once: done after, p99`,
    unit: 's',
    digits: 2,
    target: { atMost: 1, of: 'celery', recorded: 2.5 },
    values: byContender(rounds, ({ p99 }) => p99),
  });
  stage.report({
    title: 'CPU per task, all processes',
    unit: 'ms',
    target: { atMost: 0.75, of: 'bare' },
    values: byContender(rounds, ({ cpu }) => totalCpu(cpu)),
  });
  const parts = new Set([...rounds.values()].flat().flatMap(({ cpu }) => Object.keys(cpu)));
  for (const part of parts) {
    const withPart = [...rounds].filter(([, all]) => all.some(({ cpu }) => part in cpu));
    stage.report({
      title: `  of that: ${part}`,
      unit: 'ms',
      values: byContender(new Map(withPart), ({ cpu }) => cpu[part] ?? 0),
    });
  }
}
