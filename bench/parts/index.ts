/** The parts of the benchmark, in the order in which they run. */
import { type Contender, temporalContenders } from '../support/contenders.ts';
import type { Stage } from '../support/stage.ts';
import { measureBulk } from './bulk.ts';
import { endTasks, measureDue } from './due.ts';
import { measureFairness } from './fairness.ts';
import { measureFeeds } from './feeds.ts';
import { measureLarge } from './large.ts';
import { measurePool } from './pool.ts';
import { measureRecovery } from './recovery.ts';
import { measureReads } from './reads.ts';
import { measureSingle } from './single.ts';

/** What parts share. */
interface Shared {
  readonly contenders: readonly Contender[];
  /** Ids of ended tasks of each contender, for each round. */
  ended: ReadonlyMap<string, readonly (readonly string[])[]> | undefined;
}

interface Part {
  /** Whether it runs if no parts are named. */
  readonly isDefault: boolean;
  run(stage: Stage, shared: Shared): Promise<void>;
}

export const parts: Readonly<Record<string, Part>> = {
  due: {
    isDefault: true,
    async run(stage, shared) {
      shared.ended = await measureDue(stage, shared.contenders);
    },
  },
  reads: {
    isDefault: true,
    async run(stage, shared) {
      const readable = shared.contenders.filter(({ readStatus }) => readStatus !== undefined);
      shared.ended ??= await endTasks(readable);
      await measureReads(stage, readable, shared.ended);
    },
  },
  single: { isDefault: true, run: measureSingle },
  recovery: {
    isDefault: true,
    run: (stage, { contenders }) => measureRecovery(stage, contenders),
  },
  bulk: { isDefault: true, run: measureBulk },
  feeds: { isDefault: true, run: measureFeeds },
  fairness: { isDefault: true, run: measureFairness },
  large: { isDefault: false, run: measureLarge },
  pool: { isDefault: false, run: measurePool },
};

/** @param peers contenders besides Taskbell and the bare workflow. */
export async function runParts(
  stage: Stage,
  names: readonly string[],
  peers: readonly Contender[],
): Promise<void> {
  const shared: Shared = { contenders: [...(await temporalContenders(stage)), ...peers], ended: undefined };
  for (const name of names) await parts[name]?.run(stage, shared);
}
