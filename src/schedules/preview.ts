/** What a schedule's times mean: the next ones, those that do not exist, and what its author may not have meant. */
import { invalidField } from '../contract/errors.ts';
import type { Preview, PreviewInput } from '../contract/schedule.ts';
import { type CompiledWhen, compileWhen } from './compile.ts';
import { turningsOf } from './turnings.ts';
import { describeTime, localText } from './local-text.ts';
import { assertSkipsEnd, timesAfter, TooManySkipped } from './times.ts';
import { warningsAbout } from './warnings.ts';
import { inWords } from './words.ts';

/** Number of times, and period in seconds, among which the smallest gap is looked for. */
const gapsAmong = 200;
const gapsWithin = 5 * 366 * 86_400;
/** Period in which local times that do not exist are looked for, in seconds: clocks are turned forward once a year. */
const gapPeriod = 396 * 86_400;

/** Shows the times of a schedule. @param now milliseconds since the epoch. @throws AppError validation */
export function previewTimes({ when, count, from }: PreviewInput, now: number): Preview {
  const compiled = compileWhen(when, '/when', now);
  const after = Math.floor((from === undefined ? now : Date.parse(from)) / 1000);
  const times = firstTimes(compiled, after, count);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? at));
  const next = times.slice(0, count);
  const turnings = turningsOf(compiled, after, Math.max(next.at(-1) ?? after, after + gapPeriod));
  const { zone } = compiled;
  const shown = next.map((at) => describeTime(zone, at));
  return {
    next: shown,
    skipped: turnings.skipped,
    words: inWords(when, zone.name),
    min_gap: gaps.length > 0 ? Math.min(...gaps) : null,
    timezone: zone.name,
    warnings: warningsAbout(when, { ...turnings, next: shown }),
  };
}

/**
 * Returns the next times: `count` of them, and those among which the smallest gap is looked for.
 * @throws AppError validation if none ever comes, or too many in a row are skipped.
 */
function firstTimes(when: CompiledWhen, after: number, count: number): number[] {
  const times: number[] = [];
  try {
    for (const at of timesAfter(when, after)) {
      times.push(at);
      const isFar = times.length >= gapsAmong || at > after + gapsWithin;
      if (times.length >= count && isFar) break;
    }
    assertSkipsEnd(when, after);
  } catch (error) {
    if (!(error instanceof TooManySkipped)) throw error;
    const from = localText(when.zone, error.from);
    throw invalidField(
      '/when/skip',
      `Too many times in a row are skipped, from ${from} on. Use "end_at" and a second schedule.`,
    );
  }
  if (times.length === 0) throw invalidField('/when', 'None of its times is in the future: it never comes.');
  return times;
}
