/**
 * Feeds: many sockets on one task, and many tasks with a socket each. The sockets are those of a second API process, which
 * has to discover every change: none passes through it.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { commandSignal } from '../../workflows/messages.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { processTreeCpuMs } from '../support/cpu.ts';
import { type HttpClient, numbers } from '../support/load.ts';
import { openCrowd } from '../support/sockets.ts';
import type { Stage } from '../support/stage.ts';
import { percentile } from '../support/statistics.ts';
import { createBulk } from './bulk.ts';

const crowd = { sockets: 10_000, changes: 6 };
const many = { tasks: 1000, perSecond: 50, seconds: 10, rounds: 3 };
/** Files and connections that a process needs besides the sockets. */
const otherFiles = 200;

interface Watching {
  readonly url: string;
  readonly token: string;
  readonly http: HttpClient;
  readonly apiPid: number;
}

export async function measureFeeds(stage: Stage): Promise<void> {
  const { caller, http } = await stage.taskbell.signIn();
  const api = await stage.taskbell.service.startApi();
  const watching = { url: api.url ?? '', token: caller.token, http, apiPid: api.pid };
  await measureCrowd(stage, watching);
  await measureMany(stage, watching);
  await api.close();
}

async function measureCrowd(stage: Stage, { url, token, http }: Watching): Promise<void> {
  const sockets = Math.min(crowd.sockets, maxOpenFiles() - otherFiles);
  stage.note(`${sockets} sockets on one task; ${crowd.changes} changes`);
  const [id = ''] = await createBulk(http, 1);
  const watchers = await openCrowd(
    url,
    token,
    Array.from({ length: sockets }, () => `/ws/tasks/${id}/`),
  );
  const spreads: number[] = [];
  const delays: number[] = [];
  for (let change = 0; change < crowd.changes; change += 1) {
    const firstAt = new Map<number, number>();
    watchers.onMessage = (socket) => {
      if (!firstAt.has(socket)) firstAt.set(socket, performance.now());
    };
    const requestedAt = performance.now();
    await http.send('POST', `/api/tasks/${id}/${change % 2 === 0 ? 'pause' : 'resume'}/`, 200);
    await waitFor('all sockets to be notified', () => firstAt.size === sockets);
    const times = [...firstAt.values()];
    // Spreading the arguments of 10,000 values is within the limit of the engine.
    spreads.push(Math.max(...times) - Math.min(...times));
    delays.push(Math.max(...times) - requestedAt);
    await sleep(500);
  }
  watchers.close();
  stage.report({
    title: `${sockets} sockets on a task: first to last notified`,
    unit: 'ms',
    digits: 0,
    target: { atMost: 500 },
    values: { taskbell: spreads },
  });
  stage.report({
    title: '  from the request to the last',
    unit: 'ms',
    digits: 0,
    values: { taskbell: delays },
  });
}

async function measureMany(stage: Stage, { url, token, http, apiPid }: Watching): Promise<void> {
  const { tasks, perSecond, seconds, rounds } = many;
  stage.note(
    `${tasks} tasks with a socket each; ${rounds} rounds of ${seconds} s, ${perSecond} changes per s`,
  );
  const ids = await createBulk(http, tasks);
  // A plain signal does not wake a hibernating task, so those that will change are woken now.
  const changing = ids.slice(0, perSecond * seconds);
  await http.send('POST', '/api/tasks/actions/', 207, { action: 'pause', ids: changing });
  const watchers = await openCrowd(
    url,
    token,
    ids.map((id) => `/ws/tasks/${id}/`),
  );
  await sleep(3000);
  const [p50, p99, cores]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < rounds; round += 1) {
    const latencies: number[] = [];
    watchers.onMessage = (_socket, data) => {
      const now = Date.now();
      const { updated_at } = JSON.parse(data.toString()) as { updated_at?: string };
      if (updated_at !== undefined) latencies.push(now - Date.parse(updated_at));
    };
    const before = { cpu: processTreeCpuMs(apiPid), at: performance.now() };
    await change(stage, changing, round);
    await waitFor('all changes', () => latencies.length >= perSecond * seconds);
    cores.push((processTreeCpuMs(apiPid) - before.cpu) / (performance.now() - before.at));
    p50.push(percentile(latencies, 0.5));
    p99.push(percentile(latencies, 0.99));
  }
  watchers.close();
  const title = `${tasks} watched tasks, ${perSecond} changes/s: p50`;
  stage.report({ title, unit: 'ms', digits: 0, values: { taskbell: p50 } });
  stage.report({ title: '  p99', unit: 'ms', digits: 0, target: { atMost: 800 }, values: { taskbell: p99 } });
  stage.report({
    title: '  CPU of the API process',
    unit: 'cores',
    digits: 2,
    target: { atMost: 0.3 },
    values: { taskbell: cores },
  });
}

/** Resumes or pauses tasks in turn, at an even pace: each one once in a round, and the other way in the next. */
async function change(
  { taskbell: { temporal } }: Stage,
  ids: readonly string[],
  round: number,
): Promise<void> {
  const { perSecond, seconds } = many;
  const command = round % 2 === 0 ? 'resume' : 'pause';
  const startedAt = performance.now();
  const sent = numbers(perSecond * seconds).map(async (number) => {
    await sleep((number * 1000) / perSecond);
    const id = ids[number % ids.length] ?? '';
    await temporal.workflow.getHandle(id).signal(commandSignal, { command, by: 'bench' });
  });
  await Promise.all(sent);
  await sleep(startedAt + seconds * 1000 - performance.now());
}

/** Returns how many files and connections each of our processes may have open. */
function maxOpenFiles(): number {
  const line = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Number(line?.[1] ?? Number.POSITIVE_INFINITY);
}
