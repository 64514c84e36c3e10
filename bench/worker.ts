/**
 * What a task costs beside the floor: a bare workflow with one activity, on the same server, in the same run.
 *
 *   npm run bench:worker -- [--tasks 200] [--pairs 6] [--latencies 60]
 *
 * The floor has all that a task cannot do without: start, two workflow tasks, one activity without eager dispatch, a
 * worker process set up as ours is (SDK, options, prebuilt bundle). It has nothing of what makes a task of it: no
 * search attributes, memo, priority, fairness key, summaries or current details; no state, message handlers, heartbeat
 * time-out, limits or report; a sentence for its payload and for its result.
 *
 * Ours is `taskbell worker`, with tasks created as the API creates them. Both are due at once, so nobody waits in a
 * timer. Whoever starts them (this process: no HTTP, no API process) is in no CPU figure, but shares the machine.
 *
 * CPU is that of the worker with all its child processes, and of the server. Rounds go A B, B A, A B, …; a ratio is the
 * median of the pairs' ratios, since on a shared machine a pair has more in common than all rounds have.
 */
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { startTestServer } from '../test/support/temporal.ts';
import { type Contender, startBare, startTaskbell } from './support/contenders.ts';
import { printLatencies, printThroughput } from './support/report.ts';
import { type Cost, measureLatency, type Measured, runRound } from './support/rounds.ts';

const warmUp = { tasks: 50, latencies: 5 };
const { tasks, pairs, latencies } = readArguments();

const closers: (() => Promise<void>)[] = [];
try {
  const server = await startTestServer();
  closers.push(() => server.close());
  const connection = await Connection.connect({ address: server.address });
  closers.push(() => connection.close());
  const bare = await startBare(server);
  closers.push(() => bare.close());
  const taskbell = await startTaskbell(server);
  closers.push(() => taskbell.close());
  const client = new Client({ connection, namespace: server.namespace });
  await measure({ client, serverPid: server.pid }, bare, taskbell);
} finally {
  for (const close of closers.toReversed()) await close();
}

async function measure(measured: Measured, bare: Contender, taskbell: Contender): Promise<void> {
  for (const contender of [bare, taskbell]) await runRound(measured, contender, warmUp.tasks);
  const rounds = await alternate([bare, taskbell], pairs, (it) => runRound(measured, it, tasks));
  printThroughput(
    `${pairs} pairs of rounds of ${tasks} tasks`,
    costsOf(rounds, bare),
    costsOf(rounds, taskbell),
  );

  // Without its pool of child processes, a worker would stand here as a third contender: the difference is the pool's.
  const contenders = [bare, taskbell];
  await alternate(contenders, warmUp.latencies, (it) => measureLatency(measured, it));
  const waits = await alternate(contenders, latencies, (it) => measureLatency(measured, it));
  printLatencies(contenders.map((it) => ({ name: it.name, latencies: waits.get(it) ?? [] })));
}

/** Each in its turn, every other time in the reverse order: what drifts meets all alike. */
async function alternate<T>(
  contenders: readonly Contender[],
  times: number,
  run: (contender: Contender) => Promise<T>,
): Promise<Map<Contender, T[]>> {
  const results = new Map(contenders.map((contender) => [contender, [] as T[]]));
  for (let time = 0; time < times; time += 1) {
    const order = time % 2 === 0 ? contenders : contenders.toReversed();
    for (const contender of order) results.get(contender)?.push(await run(contender));
  }
  return results;
}

function costsOf(rounds: ReadonlyMap<Contender, Cost[]>, contender: Contender): readonly Cost[] {
  return rounds.get(contender) ?? [];
}

function readArguments(): { tasks: number; pairs: number; latencies: number } {
  const { values } = parseArgs({
    options: {
      tasks: { type: 'string', default: '200' },
      pairs: { type: 'string', default: '6' },
      latencies: { type: 'string', default: '60' },
    },
  });
  return {
    tasks: Number(values.tasks),
    pairs: Number(values.pairs),
    latencies: Number(values.latencies),
  };
}
