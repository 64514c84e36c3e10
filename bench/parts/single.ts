/** One task at a time on an idle system; cancellation; and progress. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Feed, TaskMessage } from '../../test/support/caller.ts';
import { hasEnded } from '../../test/support/task.ts';
import { atOnce, numbers, oneByOne } from '../support/load.ts';
import { interleave, ofVersions, type Stage } from '../support/stage.ts';
import type { Taskbell } from '../support/taskbell.ts';
import { byContender, byVersion, percentile } from '../support/statistics.ts';
import { aRequest } from '../support/task.ts';

const latencyTasks = { perRound: 12, warmUp: 3 };
const cancellations = { atOnce: 4, total: 20 };
const progress = { tasks: 4, reports: 15 };

export async function measureSingle(stage: Stage): Promise<void> {
  await measureLatency(stage);
  await reportCancellation(stage);
  await reportProgress(stage);
}

async function measureLatency(stage: Stage): Promise<void> {
  const { rounds } = stage.options;
  stage.note(`single tasks, due at once, on an idle system; ${rounds} rounds of ${latencyTasks.perRound}`);
  const versions = await Promise.all(stage.versions.map(latencyOf));
  const contenders = [{ name: 'bare', run: () => runBare(stage), close: () => undefined }, ...versions];
  const durations = new Map<string, number[][]>(contenders.map((each) => [each.name, []]));
  for (const { run } of contenders) await oneByOne(latencyTasks.warmUp, run);
  await interleave(contenders, rounds, async (contender) => {
    durations.get(contender.name)?.push(await oneByOne(latencyTasks.perRound, contender.run));
  });
  for (const { close } of contenders) close();
  stage.report({
    title: 'one task, from the request to its end seen, p50',
    unit: 'ms',
    digits: 0,
    values: byContender(durations, (round) => percentile(round, 0.5)),
  });
  stage.report({
    title: '  p99 of all rounds',
    unit: 'ms',
    digits: 0,
    values: byVersion(durations, (all) => percentile(all.flat(), 0.99)),
  });
}

/** Runs a bare workflow that is due at once. */
function runBare({ taskbell: { temporal }, bare }: Stage): Promise<unknown> {
  return bare.start(new Date()).then((id) => temporal.workflow.getHandle(id).result());
}

/** Prepares to run tasks whose ends a socket reports. */
async function latencyOf({ name, signIn }: Taskbell) {
  const { caller, http } = await signIn();
  const feed = await caller.watch('/ws/tasks/');
  const ends = followEnds(feed);
  const { name: title, payload } = aRequest(new Date());
  return {
    name,
    async run() {
      const answer = await http.send('POST', '/api/tasks/', 201, { name: title, payload, delay: 0 });
      await ends((JSON.parse(answer) as { id: string }).id);
    },
    close: () => feed.socket.close(),
  };
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

async function reportCancellation(stage: Stage): Promise<void> {
  stage.note(`${cancellations.total} cancellations of running tasks, ${cancellations.atOnce} at a time`);
  const results = await ofVersions(stage, measureCancellation);
  const fired = (share: number) =>
    byVersion(results, (all) =>
      percentile(
        all.map((each) => each.fired),
        share,
      ),
    );
  stage.report({
    title: 'cancellation: signal fires in the handler, p50',
    unit: 'ms',
    digits: 0,
    values: fired(0.5),
  });
  stage.report({ title: '  p95', unit: 'ms', digits: 0, target: { atMost: 1000 }, values: fired(0.95) });
  stage.report({
    title: '  CANCELLED seen by a socket, p50',
    unit: 'ms',
    digits: 0,
    values: byVersion(results, (all) =>
      percentile(
        all.map(({ seen }) => seen),
        0.5,
      ),
    ),
  });
}

/** Measures when a cancellation reaches the handler, and its watchers, in milliseconds after the request. */
async function measureCancellation({ signIn }: Taskbell): Promise<{ fired: number; seen: number }[]> {
  const { caller } = await signIn();
  const feed = await caller.watch('/ws/tasks/');
  const ends = followEnds(feed);
  const { results } = await atOnce(cancellations.atOnce, numbers(cancellations.total), async () => {
    const { id } = await caller.create({ name: 'stops', type: 'stops', delay: 0 });
    await caller.until(id, 'it to run', ({ attempts }) => attempts.at(-1)?.outcome === 'running');
    // At a random moment between two heartbeats.
    await sleep(Math.random() * 1600);
    const requestedAt = Date.now();
    await caller.call('POST', `/api/tasks/${id}/cancel/`);
    await ends(id);
    const seen = Date.now() - requestedAt;
    const { attempts } = await caller.until(id, 'its log', (task) => task.attempts[0]?.log[0] !== undefined);
    return { seen, fired: Number(attempts[0]?.log[0]?.split(' ').at(-1)) - requestedAt };
  });
  feed.socket.close();
  return results;
}

async function reportProgress(stage: Stage): Promise<void> {
  stage.note(`progress of ${progress.tasks} tasks, ${progress.reports} reports each`);
  const results = await ofVersions(stage, measureProgress);
  const latency = (share: number) => byVersion(results, (all) => percentile(all, share));
  stage.report({ title: 'progress() seen by a socket, p50', unit: 'ms', digits: 0, values: latency(0.5) });
  stage.report({ title: '  p95', unit: 'ms', digits: 0, target: { atMost: 1500 }, values: latency(0.95) });
}

/** Measures how long reports take to their watchers, in milliseconds. */
async function measureProgress({ signIn }: Taskbell): Promise<number[]> {
  const { caller } = await signIn();
  const { results } = await atOnce(progress.tasks, numbers(progress.tasks), async () => {
    const payload = { times: progress.reports };
    const { id } = await caller.create({ name: 'paces', type: 'paces', delay: 0, payload });
    const feed = await caller.watch(`/ws/tasks/${id}/`);
    const received = progressOf(feed);
    const { result } = await caller.until(id, 'its end', hasEnded, 120_000);
    feed.socket.close();
    // A report that a later one has overtaken counts as received with the later one.
    return (result as number[]).map((reportedAt) => {
      const first = received.find((each) => each.reportedAt >= reportedAt);
      return first ? first.at - reportedAt : Number.POSITIVE_INFINITY;
    });
  });
  return results.flat();
}

function progressOf(feed: Feed): { at: number; reportedAt: number }[] {
  const received: { at: number; reportedAt: number }[] = [];
  feed.socket.on('message', () => {
    const reportedAt = Number(feed.tasks().at(-1)?.progress?.message);
    if (reportedAt) received.push({ at: Date.now(), reportedAt });
  });
  return received;
}
