/**
 * Measures what a task costs compared with the floor: a bare workflow with one activity, on the same server,
 * in the same run.
 *
 *   npm run bench:worker -- [--tasks 200] [--rounds 6] [--latencies 60]
 *
 * `bare`, the floor, has only what a task cannot do without: start, two workflow tasks, one activity without
 * eager dispatch, and a worker process set up like ours (SDK, options, prebuilt bundle). It has nothing that
 * makes it a task. `recorded` adds what has to be written so that a task can be found, listed, dispatched in
 * order and read in the Web UI: search attributes, memo, priority and fairness key, summaries; and a
 * heartbeat time-out. What `taskbell` costs beyond that is the code of its workflow and activity, and its
 * pool of processes.
 *
 * `taskbell` is `taskbell worker`, with tasks created as the API creates them. All tasks are due at once, so
 * none waits for a timer. The process that starts them is this one, without HTTP or an API process. No figure
 * includes its CPU time, but it shares the machine.
 *
 * CPU is that of the worker with all its child processes, and of the server. Rounds go A B C, C B A, …; a
 * ratio is the median of the rounds' ratios, since on a shared machine, runs close in time are more alike
 * than runs far apart.
 */
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { startTestServer } from '../test/support/temporal.ts';
import { type Contender, startBare, startRecorded, startTaskbell } from './support/contenders.ts';
import { printLatencies, printThroughput } from './support/report.ts';
import { measureLatency, type Measured, runRound } from './support/rounds.ts';

const warmUp = { tasks: 300, latencies: 5 };
const { tasks, rounds, latencies } = readArguments();

const closers: (() => Promise<void>)[] = [];
try {
  const server = await startTestServer();
  closers.push(() => server.close());
  const connection = await Connection.connect({ address: server.address });
  closers.push(() => connection.close());
  const contenders: Contender[] = [];
  for (const start of [startBare, startRecorded, startTaskbell]) {
    const contender = await start(server);
    closers.push(() => contender.close());
    contenders.push(contender);
  }
  const client = new Client({ connection, namespace: server.namespace });
  await measure({ client, serverPid: server.pid }, contenders);
} finally {
  for (const close of closers.toReversed()) await close();
}

async function measure(measured: Measured, contenders: readonly Contender[]): Promise<void> {
  for (const contender of contenders) await runRound(measured, contender, warmUp.tasks);
  const costs = await alternate(contenders, rounds, (it) => runRound(measured, it, tasks));
  printThroughput(
    `${rounds} rounds of ${tasks} tasks each`,
    contenders.map((it) => ({ name: it.name, costs: costs.get(it) ?? [] })),
  );
  await alternate(contenders, warmUp.latencies, (it) => measureLatency(measured, it));
  const waits = await alternate(contenders, latencies, (it) => measureLatency(measured, it));
  printLatencies(contenders.map((it) => ({ name: it.name, latencies: waits.get(it) ?? [] })));
}

/** Runs the contenders in turn, every other time in reverse order, so that drift affects all of them alike. */
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

function readArguments(): { tasks: number; rounds: number; latencies: number } {
  const { values } = parseArgs({
    options: {
      tasks: { type: 'string', default: '200' },
      rounds: { type: 'string', default: '6' },
      latencies: { type: 'string', default: '60' },
    },
  });
  return {
    tasks: Number(values.tasks),
    rounds: Number(values.rounds),
    latencies: Number(values.latencies),
  };
}
