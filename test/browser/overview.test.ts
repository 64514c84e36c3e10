import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { Overview } from '../../src/contract/overview.ts';
import { type Page, useBrowser } from '../support/browser.ts';
import type { Caller } from '../support/caller.ts';
import { axeFindings, openDashboard, type OpenPage } from '../support/dashboard.ts';
import { startLink } from '../support/link.ts';
import { useService } from '../support/service.ts';

const service = useService({ environment: { TASKBELL_WORKER_CONCURRENCY: '4' } });
const browser = useBrowser();
let alice: Caller;

beforeAll(async () => {
  alice = await service.as('alice');
  const done = await alice.create({ name: 'done', type: 'echo', payload: {}, delay: 0 });
  const failed = await alice.create({ name: 'failed', type: 'hopeless', payload: {}, delay: 0 });
  const cancelled = await alice.create({ name: 'cancelled', delay: 3600 });
  await alice.create({ name: 'soon', delay: 1800 });
  await alice.call('POST', `/api/tasks/${cancelled.id}/cancel/`);
  await alice.until(done.id, 'the end of the task', ({ status }) => status === 'COMPLETED');
  await alice.until(failed.id, 'the end of the task', ({ status }) => status === 'FAILED');
});

const tile = (page: Page, status: string) =>
  page.locator('.tile', { hasText: status }).locator('.tile-number');
const soon = { timeout: 30_000 };

test('the overview shows tasks by status, recent outcomes, upcoming tasks and workers, in numbers and charts', async () => {
  const { page, observed, close } = await openDashboard(browser, service);
  for (const [status, number] of [
    ['Scheduled', '1'],
    ['Pending', '0'],
    ['Running', '0'],
    ['Completed', '1'],
    ['Failed', '1'],
    ['Cancelled', '1'],
  ] as const) {
    await expect.poll(() => tile(page, status).textContent(), soon).toBe(number);
  }
  await page.getByRole('img', { name: 'Outcomes: 3 runs ended' }).waitFor(soon);
  await page.getByRole('img', { name: 'Due in the next hour: 1 task' }).waitFor(soon);
  await page.getByRole('img', { name: /Lateness: Started at most \d/ }).waitFor(soon);
  expect(await page.locator('.plot canvas').count()).toBe(3);
  const outcomes = page.getByRole('table', { name: 'Outcomes' });
  expect(await outcomes.getByRole('row').count()).toBe(13);
  const worker = page.getByRole('row', { name: /of 4 slots/ });
  await worker.waitFor(soon);
  await page.getByText(/responds in \d+ ms/).waitFor();
  expect(observed.complaints).toEqual([]);
  await close();
});

test.each(['hour', 'week'])(
  'every chart of the %s shows the numbers of the bar under the pointer',
  async (range) => {
    const { page, close } = await openDashboard(browser, service, { path: `/?range=${range}` });
    await page.getByRole('img', { name: 'Outcomes: ' }).waitFor(soon);
    for (const title of ['Outcomes', 'Lateness', 'Due in the next hour']) {
      const chart = page.locator('.plot', { has: page.getByRole('heading', { name: title }) });
      await chart.scrollIntoViewIfNeeded();
      const area = await chart.locator('.u-over').boundingBox();
      if (!area) throw new Error(`The chart ${title} has no area`);
      const times = async () =>
        (await chart.locator('tbody th').allTextContents()).map((time) => time.trim());
      const count = (await times()).length;
      for (const place of [0, Math.floor(count / 2), count - 1]) {
        for (const within of [0.1, 0.9]) {
          await page.mouse.move(area.x + (area.width * (place + within)) / count, area.y + area.height / 2);
          // The buckets may have moved on since the chart was drawn.
          await expect
            .poll(async () =>
              (await chart.locator('.plot-note').textContent())?.startsWith((await times())[place] ?? ''),
            )
            .toBe(true);
        }
      }
    }
    await close();
  },
);

describe('an overview with one bar in each chart, late runs and a lost worker', () => {
  let opened: OpenPage;

  beforeAll(async () => {
    const json = withIncident((await alice.call<Overview>('GET', '/api/overview/')).body);
    opened = await openDashboard(browser, service);
    const { page } = opened;
    await page.addInitScript(recordLabels);
    // Always the same, so that no bar moves during a test.
    await page.route('**/api/overview/**', (route) => route.fulfill({ json }));
    await reload(page, 1280);
  });
  afterAll(() => opened.close());

  async function reload(page: Page, width: number): Promise<void> {
    await page.setViewportSize({ width, height: 900 });
    await page.reload();
    await page.getByText('not responding').waitFor(soon);
    await page.locator('.plot canvas').nth(2).waitFor(soon);
  }

  test.each([
    ['Outcomes', 0, '7 completed, 0 failed, 0 cancelled', '0 completed, 0 failed, 0 cancelled'],
    ['Due in the next hour', 2, '7 tasks', '0 tasks'],
  ])(
    'shows in the chart %s the numbers of the bar under the pointer, up to its edges',
    async (title, index, numbers, none) => {
      const { page } = opened;
      const chart = page.locator('.plot').nth(index);
      await chart.scrollIntoViewIfNeeded();
      const area = await chart.locator('.u-over').boundingBox();
      if (!area) throw new Error(`The chart ${title} has no area`);
      const [left = -1, right = -1] = await page.evaluate<number[]>(
        `(${filledPart})(document.querySelectorAll('.plot')[${index}])`,
      );
      const times = await chart.locator('tbody th').allTextContents();
      const note = chart.locator('.plot-note');
      const bucket = area.width / times.length;
      const [start, end] = [barAt * bucket, (barAt + 1) * bucket];
      // Not as wide as its bucket, so that there is a gap on both sides.
      expect(right - left).toBeLessThan(bucket - 6);
      const places: [x: number, bucket: number][] = [
        [start - 1, barAt - 1],
        [left - 2, barAt],
        [left, barAt],
        [(left + right) / 2, barAt],
        [right, barAt],
        [right + 2, barAt],
        [end + 1, barAt + 1],
      ];
      for (const [x, place] of places) {
        await page.mouse.move(area.x + x, area.y + area.height / 2);
        await expect
          .poll(() => note.textContent())
          .toBe(`${times[place]?.trim()}: ${place === barAt ? numbers : none}`);
      }
    },
  );

  test.each([1280, 1030])('shows the whole of when a lost worker was last seen (%i px)', async (width) => {
    const { page } = opened;
    await page.setViewportSize({ width, height: 900 });
    const workers = page.getByRole('region', { name: 'Workers' });
    const { widths, card, text } = await page.evaluate<{
      widths: number[];
      card: number[];
      text: number[];
    }>(`(() => {
      const region = document.querySelector('.health-workers');
      const range = document.createRange();
      range.selectNodeContents(region.querySelector('.worker-silent td:last-child'));
      const sides = ({ left, right }) => [left, right];
      return {
        widths: [region.scrollWidth, region.clientWidth],
        card: sides(region.getBoundingClientRect()),
        text: sides(range.getBoundingClientRect()),
      };
    })()`);
    expect(await workers.getByRole('cell').last().innerText()).toMatch(/^not responding, last seen \d+ \w+/);
    expect(widths[0]).toBe(widths[1]);
    expect(text[0]).toBeGreaterThanOrEqual(card[0] ?? Infinity);
    expect(text[1]).toBeLessThanOrEqual(card[1] ?? 0);
  });

  test('says what the numbers of a worker count', async () => {
    const workers = opened.page.getByRole('region', { name: 'Workers' });
    expect(await workers.getByRole('columnheader').allInnerTexts()).toEqual([
      'Worker',
      'Slots in use',
      'Completed',
      'Failed',
      'Last seen',
    ]);
    expect((await workers.getByRole('cell').allInnerTexts()).slice(1, 3)).toEqual(['12,345', '1,234']);
    expect(await workers.getByRole('paragraph').innerText()).toBe(
      'Tries of all users since each worker started. Failed ones include those handed back or deferred.',
    );
  });

  test('counts runs and tasks in whole numbers', async () => {
    const [outcomes, , due] = await drawnCharts(opened.page);
    for (const chart of [outcomes, due]) {
      const numbers = chart?.labels.map(({ text }) => Number(text)).filter((each) => !Number.isNaN(each));
      expect(numbers).toEqual([0, 2, 4, 6, 8]);
    }
  });

  test.each([1280, 1920])('draws the labels of its charts whole and apart (%i px)', async (width) => {
    await reload(opened.page, width);
    const charts = await drawnCharts(opened.page);
    expect(charts.map(({ labels }) => labels.length > 8)).toEqual([true, true, true]);
    expect(charts.flatMap(({ labels }) => labels.map(({ text }) => text))).toContain('1 min 30 s');
    expect(charts.flatMap(badLabels)).toEqual([]);
  });
});

const drawnCharts = (page: Page) =>
  page.evaluate<DrawnChart[]>(
    `[...document.querySelectorAll('.plot canvas')].map(({ width, height, labels }) => ({ width, height, labels }))`,
  );

/** The bucket that has a bar, counted from 0. */
const barAt = 5;

/** Returns an overview whose first and last bucket begin and end on the hour, where labels need the most room. */
function withIncident(overview: Overview): Overview {
  const from = Date.parse('2030-01-31T10:00:00Z');
  const startOf = (index: number) => new Date(from + index * 300_000).toISOString();
  const lateness = { count: 7, sampled: false, p50: 2, p95: 89, max: 90 };
  return {
    ...overview,
    bucket_seconds: 300,
    buckets: Array.from({ length: 12 }, (_, index) => ({
      from: startOf(index),
      completed: index === barAt ? 7 : 0,
      failed: 0,
      cancelled: 0,
      lateness: index === barAt ? lateness : null,
    })),
    due: {
      from: startOf(0),
      bucket_seconds: 300,
      counts: Array.from({ length: 12 }, (_, index) => (index === barAt ? 7 : 0)),
      total: 7,
    },
    workers: [
      {
        identity: '31415@ip-10-0-113-212.eu-central-1.compute.internal',
        last_seen_at: new Date(Date.now() - 100_000).toISOString(),
        started_at: startOf(0),
        attempts: { used: 4, available: 0, completed: 12_345, failed: 1_234 },
      },
    ],
  };
}

/** Finds the part of a chart that is filled just above its time axis, in pixels from the chart's left side. */
const filledPart = `(chart) => {
  const over = chart.querySelector('.u-over').getBoundingClientRect();
  const canvas = chart.querySelector('canvas');
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  const y = Math.round((over.bottom - box.top - 4) * scale);
  const pixels = canvas.getContext('2d').getImageData(0, y, canvas.width, 1).data;
  const columns = Array.from({ length: canvas.width }, (_, x) => x).filter((x) => pixels[4 * x + 3] > 200);
  // Labels are left of the axis.
  const filled = columns.map((x) => x / scale - (over.left - box.left)).filter((x) => x >= 0);
  return [filled[0], filled.at(-1)];
}`;

interface Label {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

interface DrawnChart {
  readonly width: number;
  readonly height: number;
  readonly labels: readonly Label[];
}

/** Records on each canvas the labels drawn since it was last cleared, with boxes as wide as drawn and a line high. */
const recordLabels = `(() => {
  const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
  Object.assign(CanvasRenderingContext2D.prototype, {
    clearRect(...box) {
      this.canvas.labels = [];
      clearRect.apply(this, box);
    },
    fillText(text, x, y) {
      const size = this.measureText(text);
      this.canvas.labels.push({
        text,
        left: x - size.actualBoundingBoxLeft,
        right: x + size.actualBoundingBoxRight,
        top: y - size.fontBoundingBoxAscent,
        bottom: y + size.fontBoundingBoxDescent,
      });
      fillText.call(this, text, x, y);
    },
  });
})()`;

/** Size by which a label may seem to be cut, in pixels: the edge of its last letter can fill a part of a pixel. */
const tolerance = 0.5;

/** Names the labels of a chart that are not wholly inside it, and those that overlap. */
function badLabels({ width, height, labels }: DrawnChart): string[] {
  const isInside = ({ left, right, top, bottom }: Label) =>
    left >= -tolerance && right <= width + tolerance && top >= 0 && bottom <= height;
  const overlap = (a: Label, b: Label) =>
    a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return [
    ...labels.filter((label) => !isInside(label)).map(({ text }) => `${text} is cut`),
    ...labels.flatMap((a, index) =>
      labels
        .slice(index + 1)
        .filter((b) => overlap(a, b))
        .map((b) => `${a.text} and ${b.text} overlap`),
    ),
  ];
}

test('the overview updates by itself as tasks are created and run', async () => {
  const { page, close } = await openDashboard(browser, service);
  await expect.poll(() => tile(page, 'Running').textContent(), soon).toBe('0');
  const { id } = await alice.create({
    name: 'runs for a while',
    type: 'slow',
    payload: { steps: 300, step_ms: 200 },
    delay: 0,
  });
  await expect.poll(() => tile(page, 'Running').textContent(), soon).toBe('1');
  await page.getByText('1 of 4 slots').waitFor(soon);
  await alice.call('POST', `/api/tasks/${id}/cancel/`);
  await expect.poll(() => tile(page, 'Running').textContent(), soon).toBe('0');
  await expect.poll(() => tile(page, 'Cancelled').textContent(), soon).toBe('2');
  await close();
});

test('the overview can show a day or a week as well, and keeps the range in the address', async () => {
  const { page, close } = await openDashboard(browser, service, { path: '/?range=week' });
  const outcomes = page.getByRole('table', { name: 'Outcomes' });
  await expect.poll(() => outcomes.getByRole('row').count(), soon).toBe(29);
  await page.getByRole('link', { name: 'Day', exact: true }).click();
  await expect.poll(() => outcomes.getByRole('row').count(), soon).toBe(25);
  expect(new URL(page.url()).search).toBe('?range=day');
  await page.goBack();
  await expect.poll(() => outcomes.getByRole('row').count(), soon).toBe(29);
  await close();
});

test.each([
  ['Scheduled', 'Scheduled 1 now', 'SCHEDULED', 'soon'],
  // The list cannot be filtered by the end of tasks, so the link promises no time.
  ['Failed', 'All failed', 'FAILED', 'failed'],
])('the tile %s links to what the link says', async (status, link, filter, name) => {
  const { page, close } = await openDashboard(browser, service);
  await expect.poll(() => tile(page, status).textContent(), soon).toBe('1');
  const found = page.locator('.tile', { hasText: status }).getByRole('link');
  expect((await found.innerText()).split(/\s+/).join(' ')).toBe(link);
  await found.click();
  await page.getByRole('link', { name, exact: true }).waitFor(soon);
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(`/tasks?status=${filter}`);
  await close();
});

test('the workers fit a phone (375 px), and each number has its name', async () => {
  const { page, close } = await openDashboard(browser, service, { viewport: { width: 375, height: 812 } });
  const worker = page.getByRole('region', { name: 'Workers' }).getByRole('row', { name: /of 4 slots/ });
  await worker.waitFor(soon);
  const widths = await page.evaluate<number[]>(`(() => {
    const { scrollWidth, clientWidth } = document.querySelector('.health-workers');
    return [scrollWidth, clientWidth];
  })()`);
  expect(widths[0]).toBe(widths[1]);
  const heads = await page.evaluate<string[]>(
    `[...document.querySelectorAll('.health tbody tr:first-child td')].map((cell) => getComputedStyle(cell, '::before').content)`,
  );
  expect(heads).toEqual(['"Slots in use"', '"Completed"', '"Failed"', '"Last seen"']);
  await close();
});

test.each([1280, 375])('the overview does not shift while it loads (%i px)', async (width) => {
  const { page, close } = await openDashboard(browser, service, { viewport: { width, height: 800 } });
  await page.getByRole('img', { name: /^Outcomes/ }).waitFor(soon);
  await expect.poll(() => page.locator('.plot canvas').count(), soon).toBe(3);
  const shift = await page.evaluate<number>(layoutShift);
  expect(shift).toBeLessThan(0.05);
  await close();
});

/** Sums what has moved on the page so far. A buffered observer reports it before the next frame but one. */
const layoutShift = `new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) sum += value;
  }).observe({ type: 'layout-shift', buffered: true });
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum))));
})`;

test('the overview says when the service is unreachable, and continues by itself once it is back', async () => {
  const link = await startLink(service.url);
  const { page, close } = await openDashboard(browser, service, { url: link.url });
  await page.getByText(/responds in \d+ ms/).waitFor(soon);
  link.cut();
  await page.getByText('Connection lost').waitFor(soon);
  await page.getByText('Offline', { exact: true }).waitFor();
  link.restore();
  await page.getByText('Connection lost').waitFor({ state: 'detached', timeout: 40_000 });
  await page.getByText(/responds in \d+ ms/).waitFor(soon);
  expect(await page.getByRole('alert').count()).toBe(0);
  await close();
  await link.close();
});

test('pages say at once that Temporal is unreachable, also those opened meanwhile, until it is back', async () => {
  const temporal = await startLink(`http://${inject('temporal').address}`);
  const api = await service.startApi({ TEMPORAL_ADDRESS: new URL(temporal.url).host });
  const { page, close } = await openDashboard(browser, { url: api.url ?? '', users: service.users });
  const banner = page.getByText('Taskbell cannot reach Temporal');
  await page.getByText(/responds in \d+ ms/).waitFor(soon);
  temporal.cut();
  await banner.waitFor(soon);
  await page.getByText('currently unreachable').waitFor();
  await page.reload();
  // By the next report it would be half a minute.
  await banner.waitFor({ timeout: 10_000 });
  temporal.restore();
  await banner.waitFor({ state: 'detached', ...soon });
  await page.getByText(/responds in \d+ ms/).waitFor(soon);
  expect(await page.getByText('currently unreachable').count()).toBe(0);
  await close();
  await api.close();
  await temporal.close();
});

test.each([
  ['light', 1280],
  ['dark', 1280],
  ['light', 375],
  ['dark', 375],
] as const)('the overview has no axe findings and no overflow (%s, %i px)', async (colorScheme, width) => {
  const viewport = { width, height: 900 };
  const { page, close } = await openDashboard(browser, service, { colorScheme, viewport });
  await page.getByRole('img', { name: /^Outcomes/ }).waitFor(soon);
  await page.locator('summary', { hasText: service.users.alice.name }).click();
  expect(await axeFindings(page)).toEqual([]);
  const overflow = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  );
  expect(overflow).toBe(0);
  await close();
});

test('the selected theme is kept after a reload', async () => {
  const { page, close } = await openDashboard(browser, service, { colorScheme: 'light' });
  const background = () =>
    page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
  const light = await background();
  await page.locator('summary', { hasText: service.users.alice.name }).click();
  await page.getByLabel('Theme').selectOption('dark');
  expect(await background()).not.toBe(light);
  await page.reload();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect(await background()).not.toBe(light);
  await close();
});
