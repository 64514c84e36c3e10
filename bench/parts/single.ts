/** One task at a time on an idle system; cancellation; and progress. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { TaskMessage } from '../../test/support/caller.ts';
import type { Caller, Feed } from '../../test/support/caller.ts';
import { hasEnded } from '../../test/support/task.ts';
import { atOnce, numbers, oneByOne } from '../support/load.ts';
import { interleave, type Stage } from '../support/stage.ts';
import { percentile } from '../support/statistics.ts';
import { aRequest } from '../support/task.ts';

const latencyTasks = { perRound: 12, warmUp: 3 };
const cancellations = { atOnce: 4, total: 20 };
const progress = { tasks: 4, reports: 15 };

export async function measureSingle(stage: Stage): Promise<void> {
  const { caller } = await stage.signIn();
  await measureLatency(stage, caller);
  await measureCancellation(stage, caller);
  await measureProgress(stage, caller);
}

async function measureLatency(stage: Stage, alice: Caller): Promise<void> {
  const { rounds } = stage.options;
  stage.note(`single tasks, due at once, on an idle system; ${rounds} rounds of ${latencyTasks.perRound}`);
  const feed = await alice.watch('/ws/tasks/');
  const ends = followEnds(feed);
  const { name, payload } = aRequest(new Date());
  const contenders = [
    {
      name: 'bare',
      run: async () => stage.temporal.workflow.getHandle(await stage.bare.start(new Date())).result(),
    },
    { name: 'taskbell', run: async () => ends((await alice.create({ name, payload, delay: 0 })).id) },
  ];
  const durations = new Map<string, number[][]>(contenders.map((each) => [each.name, []]));
  for (const { run } of contenders) await oneByOne(latencyTasks.warmUp, run);
  await interleave(contenders, rounds, async (contender) => {
    durations.get(contender.name)?.push(await oneByOne(latencyTasks.perRound, contender.run));
  });
  feed.socket.close();
  const by = (valueOf: (all: number[][]) => number[]) =>
    Object.fromEntries([...durations].map(([who, all]) => [who, valueOf(all)]));
  stage.report({
    title: 'one task, from the request to its end seen, p50',
    unit: 'ms',
    digits: 0,
    values: by((all) => all.map((each) => percentile(each, 0.5))),
  });
  stage.report({
    title: '  p99 of all rounds',
    unit: 'ms',
    digits: 0,
    values: by((all) => [percentile(all.flat(), 0.99)]),
  });
}

/** Returns a function that waits until a feed has reported the end of a task. */
function followEnds(feed: Feed): (id: string) => Promise<TaskMessage> {
  const ended = new Map<string, TaskMessage>();
  const waiting = new Map<string, (message: TaskMessage) => void>();
  feed.socket.on('message', () => {
    const last = feed.messages.at(-1);
    if (last?.type !== 'task' || !hasEnded(last)) return;
    ended.set(last.id, last);
    waiting.get(last.id)?.(last);
  });
  return (id) =>
    new Promise((resolve) => {
      const known = ended.get(id);
      if (known) resolve(known);
      else waiting.set(id, resolve);
    });
}

async function measureCancellation(stage: Stage, alice: Caller): Promise<void> {
  stage.note(`${cancellations.total} cancellations of running tasks, ${cancellations.atOnce} at a time`);
  const feed = await alice.watch('/ws/tasks/');
  const ends = followEnds(feed);
  const { results } = await atOnce(cancellations.atOnce, numbers(cancellations.total), async () => {
    const { id } = await alice.create({ name: 'stops', type: 'stops', delay: 0 });
    await alice.until(id, 'it to run', ({ attempts }) => attempts.at(-1)?.outcome === 'running');
    // At a random moment between two heartbeats.
    await sleep(Math.random() * 1600);
    const requestedAt = Date.now();
    await alice.call('POST', `/api/tasks/${id}/cancel/`);
    await ends(id);
    const seen = Date.now() - requestedAt;
    const { attempts } = await alice.until(id, 'its log', (task) => task.attempts[0]?.log[0] !== undefined);
    return { seen, fired: Number(attempts[0]?.log[0]?.split(' ').at(-1)) - requestedAt };
  });
  feed.socket.close();
  stage.report({
    title: 'cancellation: signal fires in the handler, p50',
    unit: 'ms',
    digits: 0,
    values: {
      taskbell: [
        percentile(
          results.map(({ fired }) => fired),
          0.5,
        ),
      ],
    },
  });
  stage.report({
    title: '  p95',
    unit: 'ms',
    digits: 0,
    target: { atMost: 1000 },
    values: {
      taskbell: [
        percentile(
          results.map(({ fired }) => fired),
          0.95,
        ),
      ],
    },
  });
  stage.report({
    title: '  CANCELLED seen by a socket, p50',
    unit: 'ms',
    digits: 0,
    values: {
      taskbell: [
        percentile(
          results.map(({ seen }) => seen),
          0.5,
        ),
      ],
    },
  });
}

async function measureProgress(stage: Stage, alice: Caller): Promise<void> {
  stage.note(`progress of ${progress.tasks} tasks, ${progress.reports} reports each`);
  const { results } = await atOnce(progress.tasks, numbers(progress.tasks), async () => {
    const payload = { times: progress.reports };
    const { id } = await alice.create({ name: 'paces', type: 'paces', delay: 0, payload });
    const feed = await alice.watch(`/ws/tasks/${id}/`);
    const received = progressOf(feed);
    const { result } = await alice.until(id, 'its end', hasEnded, 120_000);
    feed.socket.close();
    // A report that a later one has overtaken counts as received with the later one.
    return (result as number[]).map((reportedAt) => {
      const first = received.find((each) => each.reportedAt >= reportedAt);
      return first ? first.at - reportedAt : Number.POSITIVE_INFINITY;
    });
  });
  const latencies = results.flat();
  stage.report({
    title: 'progress() seen by a socket, p50',
    unit: 'ms',
    digits: 0,
    values: { taskbell: [percentile(latencies, 0.5)] },
  });
  stage.report({
    title: '  p95',
    unit: 'ms',
    digits: 0,
    target: { atMost: 1500 },
    values: { taskbell: [percentile(latencies, 0.95)] },
  });
}

function progressOf(feed: Feed): { at: number; reportedAt: number }[] {
  const received: { at: number; reportedAt: number }[] = [];
  feed.socket.on('message', () => {
    const reportedAt = Number(feed.tasks().at(-1)?.progress?.message);
    if (reportedAt) received.push({ at: Date.now(), reportedAt });
  });
  return received;
}
