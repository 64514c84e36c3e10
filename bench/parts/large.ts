/**
 * A hundred thousand waiting tasks of one owner: how fast they are created, the memory that they take, and what they do to
 * lists, counts and creations. Takes 12 minutes at 160 creations per second, so it has to be asked for.
 */
import { cpuTimes, untilIdle } from '../support/cpu.ts';
import { atOnce, type HttpClient, numbers, oneByOne } from '../support/load.ts';
import type { Stage } from '../support/stage.ts';
import { median } from '../support/statistics.ts';
import { aRequest } from '../support/task.ts';
import { createBulk, reportMemory, tomorrow } from './bulk.ts';

const small = 100;
const large = 100_000;
const bulkSize = 1000;
/** Calls of each kind, of which the median is taken. */
const calls = 40;
const creations = 300;
/** How much slower each may be with the large number of tasks. */
const maxRatio = 1.2;
/** Time for all creations, in milliseconds. If it is not enough, the figures are those of fewer tasks. */
const boundMs = 25 * 60_000;

interface Durations {
  readonly list: number;
  /** Time of the first count, and the median of those that follow and may share its answer. */
  readonly 'first count': number;
  readonly counts: number;
  /** The same for an owner whose tasks stay as few as they are. */
  readonly "another owner's counts": number;
  /** Milliseconds of a creation, 20 at once. */
  readonly create: number;
}

export async function measureLarge(stage: Stage): Promise<void> {
  stage.note(`${large} tasks for tomorrow of one owner, in bulks of ${bulkSize}`);
  // Bob has hardly any tasks of other parts.
  const { http } = await stage.taskbell.signIn('bob');
  const { http: other } = await stage.taskbell.signIn('alice');
  await createBulk(http, small);
  await createBulk(other, small);
  const few = await measureCalls(http, other);
  const { created, seconds } = await createMany(http);
  const { afterMs } = await untilIdle(() => cpuTimes(stage.taskbell.pids));
  const many = await measureCalls(http, other);
  stage.report({
    title: `bulk creation of ${created}`,
    unit: 'per s',
    digits: 0,
    moreIsBetter: true,
    values: { taskbell: [created / seconds] },
  });
  stage.report({
    title: '  idle after the last answer',
    unit: 's',
    target: { atMost: 3 },
    values: { taskbell: [afterMs / 1000] },
  });
  reportMemory(stage, `after ${created} waiting tasks`);
  reportRatios(stage, few, many, created);
}

async function createMany(http: HttpClient): Promise<{ created: number; seconds: number }> {
  const startedAt = performance.now();
  let created = 0;
  while (created < large && performance.now() - startedAt < boundMs) {
    created += (await createBulk(http, bulkSize)).length;
  }
  return { created, seconds: (performance.now() - startedAt) / 1000 };
}

async function measureCalls(http: HttpClient, other: HttpClient): Promise<Durations> {
  const create = (): Promise<string> => http.send('POST', '/api/tasks/', 201, aRequest(tomorrow()));
  const count = (of: HttpClient) => (): Promise<string> => of.send('GET', '/api/tasks/counts/', 200);
  await atOnce(20, numbers(creations), create);
  const { perSecond } = await atOnce(20, numbers(creations), create);
  const list = median(await oneByOne(calls, () => http.send('GET', '/api/tasks/?limit=100', 200)));
  const [firstCount = Number.NaN, ...counts] = await oneByOne(calls, count(http));
  return {
    list,
    'first count': firstCount,
    counts: median(counts),
    "another owner's counts": median(await oneByOne(calls, count(other))),
    create: 1000 / perSecond,
  };
}

function reportRatios({ report }: Stage, few: Durations, many: Durations, created: number): void {
  const reportRatio = (name: keyof Durations, target?: { readonly atMost: number }): void =>
    report({
      title: `${name} with ${created} tasks, to that with ${small}`,
      unit: 'times',
      digits: 2,
      ...(target && { target }),
      values: { taskbell: [many[name] / few[name]] },
    });
  for (const name of ['list', 'counts', "another owner's counts", 'create'] as const) {
    reportRatio(name, { atMost: maxRatio });
  }
  reportRatio('first count');
}
