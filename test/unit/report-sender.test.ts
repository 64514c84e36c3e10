import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HandlerReport } from '../../activities/pool/messages.ts';
import { ReportSender } from '../../activities/pool/report-sender.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const kilobyte = 'x'.repeat(1024);

function listenedTo() {
  const heard: HandlerReport[] = [];
  const sender = new ReportSender((sent) => void heard.push(sent));
  return { heard, sender };
}

function sizeOf(messages: readonly HandlerReport[]): number {
  return messages.reduce((sum, message) => sum + JSON.stringify(message).length, 0);
}

describe('a few messages', () => {
  test('are sent at once, one by one', () => {
    const { heard, sender } = listenedTo();
    sender.log('WARN', 'a line');
    expect(heard).toEqual([{ log: [expect.stringMatching(/^\d{4}-.*Z WARN a line$/)] }]);
    sender.progress(50, 'half way');
    expect(heard[1]).toEqual({ progress: { percent: 50, message: 'half way' } });
    sender.checkpoint('{"at":1}');
    expect(heard[2]).toEqual({ checkpoint: '{"at":1}' });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are sent at once again after a pause, however many came before it', () => {
    const { heard, sender } = listenedTo();
    for (let word = 0; word < 10_000; word += 1) sender.progress(word, '');
    vi.advanceTimersByTime(1000);
    const before = heard.length;
    sender.progress(1, 'after the pause');
    expect(heard.slice(before)).toEqual([{ progress: { percent: 1, message: 'after the pause' } }]);
  });
});

describe('a flood of messages', () => {
  test('is gathered into one with the latest progress, checkpoint and log lines', () => {
    const { heard, sender } = listenedTo();
    for (let word = 1; word <= 10_000; word += 1) {
      sender.progress(word % 100, `word ${word}`);
      sender.log('INFO', `word ${word}`);
      sender.checkpoint(String(word));
    }
    // No time has passed: it is one burst.
    expect(heard.length).toBeLessThanOrEqual(65);
    const soFar = heard.length;
    vi.advanceTimersByTime(100);
    const [gathered, ...more] = heard.slice(soFar);
    expect(more).toEqual([]);
    expect(gathered).toMatchObject({ progress: { percent: 0, message: 'word 10000' }, checkpoint: '10000' });
    expect(gathered?.log?.at(-1)).toContain('word 10000');
    // The worker keeps no more lines than that.
    expect(gathered?.log).toHaveLength(200);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('is limited in number if they are small', () => {
    const { heard, sender } = listenedTo();
    for (let millisecond = 0; millisecond < 10_000; millisecond += 1) {
      for (let word = 0; word < 10; word += 1) sender.progress(word, '');
      vi.advanceTimersByTime(1);
    }
    // 64 at first, 64 per tenth of a second, and one that is sent on the last of the credit.
    expect(heard.length).toBeLessThanOrEqual(64 + 100 * 64 + 1);
    // And messages keep coming all the time.
    expect(heard.length).toBeGreaterThan(50 * 64);
  });

  test.each([
    ['from a handler that lets its timers run', 1],
    ['from a handler that blocks its process', 0],
  ])('is limited in bytes if they are large, %s', (_whose, timers) => {
    const { heard, sender } = listenedTo();
    const large = JSON.stringify(kilobyte.repeat(255));
    const now = vi.spyOn(performance, 'now');
    let time = performance.now();
    for (let millisecond = 0; millisecond < 10_000; millisecond += 1) {
      sender.checkpoint(large);
      time += 1;
      // In a blocked process time passes, but timers do not fire.
      if (timers === 0) now.mockReturnValue(time);
      else vi.advanceTimersByTime(1);
    }
    now.mockRestore();
    const bound = 64 + 100 * 64 + 256;
    expect(sizeOf(heard) / 1024).toBeLessThanOrEqual(bound * 1.01);
    expect(heard.length).toBeGreaterThan(15);
  });

  test('does not delay later messages for long', () => {
    const { heard, sender } = listenedTo();
    const large = JSON.stringify(kilobyte.repeat(255));
    for (let millisecond = 0; millisecond < 10_000; millisecond += 1) {
      sender.checkpoint(large);
      vi.advanceTimersByTime(1);
    }
    sender.progress(100, 'the last word');
    vi.advanceTimersByTime(1000);
    expect(heard.some(({ progress }) => progress?.message === 'the last word')).toBe(true);
    const before = heard.length;
    sender.log('INFO', 'and another');
    expect(heard).toHaveLength(before + 1);
  });

  test('loses no log line of a burst', () => {
    const { heard, sender } = listenedTo();
    for (let line = 0; line < 200; line += 1) sender.log('INFO', `line ${line}.`);
    sender.close();
    const lines = heard.flatMap(({ log }) => log ?? []);
    expect(lines.map((line) => /line \d+\./.exec(line)?.[0])).toEqual(
      Array.from({ length: 200 }, (_, line) => `line ${line}.`),
    );
  });
});

describe('at the end', () => {
  test('the last messages are sent at once, even in the middle of a flood', () => {
    const { heard, sender } = listenedTo();
    for (let word = 1; word <= 1000; word += 1) {
      sender.progress(word, 'progress');
      sender.checkpoint(String(word));
      sender.log('INFO', `word ${word}`);
    }
    const before = heard.length;
    sender.close();
    expect(heard).toHaveLength(before + 1);
    expect(heard.at(-1)).toMatchObject({ progress: { percent: 1000 }, checkpoint: '1000' });
    expect(heard.at(-1)?.log?.at(-1)).toContain('word 1000');
    expect(vi.getTimerCount()).toBe(0);
  });

  test('nothing is sent twice', () => {
    const { heard, sender } = listenedTo();
    sender.log('INFO', 'once');
    sender.close();
    sender.close();
    expect(heard).toHaveLength(1);
  });

  test('later messages are never sent', () => {
    const { heard, sender } = listenedTo();
    sender.close();
    for (let word = 0; word < 1000; word += 1) {
      sender.log('INFO', 'late');
      sender.progress(1, 'late');
      sender.checkpoint('"late"');
    }
    vi.advanceTimersByTime(10_000);
    sender.close();
    expect(heard).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
