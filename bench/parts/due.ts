/** Tasks that are due at one instant: how fast they are created, when they are done, and what they cost. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, type Contender, untilDone } from '../support/contenders.ts';
import { type CpuTimes, totalCpu } from '../support/cpu.ts';
import { atOnce, numbers } from '../support/load.ts';
import { interleave, type Stage } from '../support/stage.ts';
import { byContender, percentile } from '../support/statistics.ts';

const tasks = 300;
const creationsAtOnce = 20;
/** Time from the start of the creations until the tasks are due, in milliseconds: enough on an idle machine. */
const firstLeadMs = 6000;
/** The longest such time. A machine that needs more is too busy to measure anything on. */
const maxLeadMs = 96_000;
/** Time before which a task must be created, in milliseconds. Later ones would not hibernate. */
const minLeadMs = 2500;
/**
 * Time after the last creation, and after the last task is done, whose CPU time counts as well, in milliseconds. What the
 * processes use between then and the time at which the tasks are due does not: that depends on how long it is.
 */
const settleMs = 1000;
/** Time before the tasks are due from which the CPU time counts again, in milliseconds. */
const marginMs = 200;

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
  const lead = { ms: firstLeadMs };
  for (const contender of contenders) await runRound(contender, lead);
  await interleave(contenders, rounds, async (contender) => {
    const { round, ids } = await runRound(contender, lead);
    results.get(contender.name)?.push(round);
    ended.get(contender.name)?.push(ids);
  });
  reportRounds(stage, results);
  return ended;
}

/** Runs tasks that nothing is measured of, for parts that need ended ones. */
export async function endTasks(contenders: readonly Contender[]): Promise<Map<string, string[][]>> {
  const ended = new Map<string, string[][]>();
  const lead = { ms: firstLeadMs };
  for (const contender of contenders) ended.set(contender.name, [(await runRound(contender, lead)).ids]);
  return ended;
}

interface Lead {
  /** Grows if it was not enough, for all further rounds. */
  ms: number;
}

/** Runs a round. On a machine so busy that tasks are due before all are created, it is repeated with more time. */
async function runRound(contender: Contender, lead: Lead): Promise<{ round: Round; ids: string[] }> {
  for (; lead.ms <= maxLeadMs; lead.ms *= 2) {
    await contender.prepare?.();
    const meter = startMeter(contender);
    const { batch, perSecond } = await createBatch(contender, lead.ms);
    const dueInMs = batch.dueAt.getTime() - Date.now();
    await sleep(Math.min(settleMs, Math.max(0, dueInMs - marginMs)));
    meter.pause();
    await sleep(Math.max(0, batch.dueAt.getTime() - Date.now() - marginMs));
    meter.resume();
    const done = await untilDone(contender, batch);
    if (done < batch.ids.length)
      throw new Error(`Only ${done} of ${batch.ids.length} tasks of ${contender.name} are done`);
    if (perSecond === undefined) continue;
    await sleep(settleMs);
    meter.pause();
    return { round: await measured(contender, batch, perSecond, meter.used()), ids: [...batch.ids] };
  }
  throw new Error(`${contender.name} can't create ${tasks} tasks in ${maxLeadMs / 1000} s`);
}

/** Measures CPU time until it is paused, and again once it is resumed. */
function startMeter(contender: Contender) {
  const used: Record<string, number> = {};
  let before = contender.cpu();
  return {
    pause() {
      for (const [name, ms] of Object.entries(contender.cpu()))
        used[name] = (used[name] ?? 0) + ms - (before[name] ?? 0);
    },
    resume() {
      before = contender.cpu();
    },
    used: (): CpuTimes => used,
  };
}

/** @returns the tasks that were created in time, and the rate, if all of them were. */
async function createBatch(
  contender: Contender,
  leadMs: number,
): Promise<{ batch: Batch; perSecond: number | undefined }> {
  const since = new Date();
  const dueAt = new Date(since.getTime() + leadMs);
  const ids: string[] = [];
  const { perSecond } = await atOnce(creationsAtOnce, numbers(tasks), async () => {
    if (dueAt.getTime() - Date.now() > minLeadMs) ids.push(await contender.create(dueAt));
  });
  return { batch: { ids, dueAt, since }, perSecond: ids.length === tasks ? perSecond : undefined };
}

async function measured(
  contender: Contender,
  batch: Batch,
  perSecond: number,
  used: CpuTimes,
): Promise<Round> {
  const cpu = Object.fromEntries(Object.entries(used).map(([name, ms]) => [name, ms / tasks]));
  const doneAt = await contender.doneAt(batch);
  const seconds = doneAt.map((at) => (at.getTime() - batch.dueAt.getTime()) / 1000);
  if (Math.min(...seconds) < 0) throw new Error(`${contender.name} ran a task before its time`);
  return { perSecond, p50: percentile(seconds, 0.5), p99: percentile(seconds, 0.99), cpu };
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
    stage.report({
      title: `  of that: ${part}`,
      unit: 'ms',
      values: byContender(rounds, ({ cpu }) => cpu[part]),
    });
  }
}
