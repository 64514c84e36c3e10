/** Reads: the status of ended tasks, and a page of the list. */
import type { Contender } from '../support/contenders.ts';
import { atOnce, oneByOne } from '../support/load.ts';
import { interleave, type Stage } from '../support/stage.ts';
import { byContender, median } from '../support/statistics.ts';

const readsAtOnce = 8;
const listsPerRound = 25;

interface Round {
  /** Rate at which tasks are read for the first time. */
  readonly firstPerSecond: number;
  /** Rate at which the same tasks are read again. */
  readonly againPerSecond: number;
  /** Milliseconds that a list takes. */
  readonly listMs: number | undefined;
}

/** @param ended ids of ended tasks of each contender, for each round. */
export async function measureReads(
  stage: Stage,
  contenders: readonly Contender[],
  ended: ReadonlyMap<string, readonly (readonly string[])[]>,
): Promise<void> {
  const rounds = Math.min(...[...ended.values()].map((all) => all.length));
  stage.note(`reads; ${rounds} rounds, each of ${ended.values().next().value?.[0]?.length} ended tasks`);
  const results = new Map<string, Round[]>(contenders.map(({ name }) => [name, []]));
  await interleave(contenders, rounds, async (contender, round) => {
    const ids = ended.get(contender.name)?.[round] ?? [];
    results.get(contender.name)?.push(await runRound(contender, ids));
  });
  stage.report({
    title: `status of ended tasks, ${readsAtOnce} at once`,
    unit: 'per s',
    digits: 0,
    moreIsBetter: true,
    target: { atLeast: 1.3, of: 'celery', recorded: 388 },
    values: byContender(results, ({ firstPerSecond }) => firstPerSecond),
  });
  stage.report({
    title: '  of the same tasks again',
    unit: 'per s',
    digits: 0,
    moreIsBetter: true,
    values: byContender(results, ({ againPerSecond }) => againPerSecond),
  });
  stage.report({
    title: 'list of 100',
    unit: 'ms',
    target: { atMost: 1.3, of: 'bare' },
    values: byContender(results, ({ listMs }) => listMs),
  });
}

async function runRound({ readStatus, list }: Contender, ids: readonly string[]): Promise<Round> {
  if (readStatus === undefined) throw new Error('The contender has no reads');
  const first = await atOnce(readsAtOnce, ids, readStatus);
  const again = await atOnce(readsAtOnce, [...ids, ...ids], readStatus);
  const lists = list === undefined ? undefined : await oneByOne(listsPerRound, list);
  return {
    firstPerSecond: first.perSecond,
    againPerSecond: again.perSecond,
    listMs: lists === undefined ? undefined : median(lists),
  };
}
