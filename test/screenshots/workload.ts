/** Tasks such as a small company might have, created by a real client over some minutes. */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, NewTask } from '../../src/client/index.ts';

type Tasks = Client['tasks'];

const quickly = { max_retries: 3, initial_interval: 2, backoff_coefficient: 2, maximum_interval: 60 };
const partners = ['Nordwind', 'Acme', 'Brightside', 'Contoso'];

/** Keeps the workers busy for the given time. */
export async function keepBusy(tasks: Tasks, ms: number, weather: string): Promise<void> {
  const until = Date.now() + ms;
  for (let round = 0; Date.now() < until; round += 1) {
    const created = await tasks.createMany(someTasks(round, weather));
    const [first] = created;
    if (round % 7 === 3 && first && 'task' in first) await tasks.cancel(first.task.id);
    // Rounds differ in length: otherwise all bars of the chart would look the same.
    await sleep(3000 + (round % 5) * 2500);
  }
}

function someTasks(round: number, weather: string): NewTask[] {
  const partner = partners[round % partners.length] ?? '';
  const all: NewTask[] = [
    { name: `Order confirmation ${4711 + round}`, type: 'report', payload: { pages: 2 }, delay: 3 },
    { name: 'Weather of the day', payload: { csv: weather }, delay: 1, tags: ['weather'] },
    { name: `Packing list ${310 + round}`, type: 'report', payload: { pages: 4 }, delay: 2 },
    { name: `Catalogue of ${partner}`, type: 'sync', payload: { partner }, delay: 2, retry: quickly },
  ];
  if (round % 6 === 5) {
    const payload = { partner, failures: 9 };
    all.push({ name: `Prices of ${partner}`, type: 'sync', payload, delay: 0, retry: { max_retries: 0 } });
  }
  return all;
}

export interface Scene {
  readonly running: string;
  readonly completed: string;
  readonly failing: string;
}

/** Creates what the screenshots show: tasks in all states, and some that are due in the next hour. */
export async function setScene(tasks: Tasks): Promise<Scene> {
  const weather = await readFile('examples/weather.csv', 'utf8');
  const minutes = [2, 4, 5, 9, 11, 12, 13, 17, 18, 24, 26, 28, 29, 31, 36, 38, 41, 42, 43, 44, 50, 55, 57];
  await tasks.createMany(
    minutes.map((minute, index) => ({ name: `Reminder ${index + 1}`, delay: minute * 60, tags: ['mail'] })),
  );
  const later: NewTask[] = [
    { name: 'Monthly closing', type: 'report', delay: 86_400 * 4, tags: ['finance', 'monthly'], priority: 1 },
    { name: 'Nightly summary', delay: 3600 * 8, tags: ['nightly'] },
    { name: 'Renew the licences', delay: 86_400 * 40, tags: ['legal'] },
  ];
  for (const task of later) await tasks.create(task);
  const paused = await tasks.create({ name: 'Newsletter for December', delay: 7200, tags: ['mail'] });
  await tasks.pause(paused.id);
  const done = await tasks.create({
    name: 'Weather in Seattle, 2015',
    payload: { csv: weather },
    delay: 0,
    tags: ['weather'],
  });
  const failing = await tasks.create({
    name: 'Catalogue of Brightside',
    type: 'sync',
    payload: { partner: 'Brightside', failures: 9 },
    delay: 0,
    tags: ['partners'],
    retry: { ...quickly, initial_interval: 4, max_retries: 5 },
  });
  await tasks.create({
    name: 'Invoices for November',
    type: 'report',
    payload: { pages: 300, page_ms: 400 },
    delay: 0,
    tags: ['finance'],
  });
  const running = await tasks.create({
    name: 'Annual report',
    type: 'report',
    description: 'For the board, with all appendices.',
    payload: { pages: 120, page_ms: 500 },
    delay: 3,
    tags: ['finance', 'board'],
    priority: 2,
  });
  return { running: running.id, completed: done.id, failing: failing.id };
}
