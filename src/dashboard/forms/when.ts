/**
 * When a task is to run, as somebody chooses it: so long after the form is sent, or at a time of day in some zone. The
 * first has no instant while the form is filled in, so it cannot pass meanwhile.
 */
import { instantOf, localTime, type FoundInstant, type LocalTime } from './zone.ts';

export type When = { readonly zone: string } & (
  | { readonly kind: 'in'; readonly seconds: number }
  /** `chosenAt`: when that was, by the service's clock. */
  | { readonly kind: 'at'; readonly local: LocalTime; readonly chosenAt: number }
);

export interface Shortcut {
  readonly label: string;
  readonly apply: (when: When, now: number) => When;
}

const after =
  (seconds: number): Shortcut['apply'] =>
  ({ zone }) => ({ kind: 'in', seconds, zone });

export const shortcuts: readonly Shortcut[] = [
  { label: 'Now', apply: after(0) },
  { label: 'In 1 min', apply: after(60) },
  { label: 'In 10 min', apply: after(600) },
  { label: 'In 1 hour', apply: after(3600) },
  {
    label: 'Tomorrow 9:00',
    apply: ({ zone }, now) => ({
      kind: 'at',
      local: `${dayAfter(localTime(now, zone))}T09:00:00`,
      zone,
      chosenAt: now,
    }),
  },
];

function dayAfter(local: LocalTime): string {
  const day = new Date(`${local.slice(0, 10)}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, 10);
}

/** The same clock reading elsewhere is another instant, which has just been chosen. */
export function inZone(when: When, zone: string, now: number): When {
  return when.kind === 'at' ? { ...when, zone, chosenAt: now } : { ...when, zone };
}

/** Whether it is what a shortcut would choose. */
export function isChosen({ apply }: Shortcut, when: When, now: number): boolean {
  const other = apply(when, now);
  if (when.kind === 'in') return other.kind === 'in' && other.seconds === when.seconds;
  return other.kind === 'at' && other.local === when.local;
}

/** As it stands now; undefined while a date is not complete. */
export function momentOf(when: When, now: number): FoundInstant | undefined {
  if (when.kind === 'in') return { at: now + when.seconds * 1000, kind: 'exact' };
  return instantOf(when.local, when.zone);
}

/** A minute that has begun may still be chosen: pickers know no seconds. */
const graceMs = 60_000;

/** Whether it was past when it was chosen. One that has passed since is no mistake, and means "at once". */
export function wasPast(when: When): boolean {
  if (when.kind === 'in') return false;
  const found = instantOf(when.local, when.zone);
  return found !== undefined && found.at < when.chosenAt - graceMs;
}

/** What the interface takes, or what is wrong. */
export function timeOf(when: When): { delay: number } | { scheduled_time: string } | { problem: string } {
  if (when.kind === 'in') return { delay: when.seconds };
  const found = instantOf(when.local, when.zone);
  if (!found) return { problem: 'Choose a date and a time.' };
  if (wasPast(when)) return { problem: 'This is in the past. Choose “Now” to run it at once.' };
  return { scheduled_time: new Date(found.at).toISOString() };
}

/** What there is to be said of it beyond the instant itself. */
export function caveatOf(when: When, now: number): string | undefined {
  const found = momentOf(when, now);
  if (found?.kind === 'skipped') {
    return 'The clocks skip this time on that day: the first moment after it is taken.';
  }
  if (found?.kind === 'twice') return 'The clocks go back, so this time comes twice: the earlier is taken.';
  if (wasPast(when)) return 'This is in the past.';
  if (when.kind === 'at' && found && found.at < now)
    return 'This has just passed: the task will run at once.';
  return undefined;
}
