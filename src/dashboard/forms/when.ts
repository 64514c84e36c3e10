/**
 * When a task runs, as the user chooses it: after a delay from when the form is sent, or at a local time in a
 * time zone. A delay has no instant while the form is being filled in, so it can't pass in the meantime.
 */
import { instantOf, localTime, type FoundInstant, type LocalTime } from './zone.ts';

export type When = { readonly zone: string } & (
  | { readonly kind: 'in'; readonly seconds: number }
  /** `chosenAt`: when this was chosen, by the service's clock, in milliseconds since the epoch. */
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

/** Moves the choice to another zone. The same local time is another instant there, chosen just now. */
export function inZone(when: When, zone: string, now: number): When {
  return when.kind === 'at' ? { ...when, zone, chosenAt: now } : { ...when, zone };
}

/** Returns whether the choice is what the shortcut would choose. */
export function isChosen({ apply }: Shortcut, when: When, now: number): boolean {
  const other = apply(when, now);
  if (when.kind === 'in') return other.kind === 'in' && other.seconds === when.seconds;
  return other.kind === 'at' && other.local === when.local;
}

/** Returns the chosen instant as of `now`; undefined while the date is incomplete. */
export function momentOf(when: When, now: number): FoundInstant | undefined {
  if (when.kind === 'in') return { at: now + when.seconds * 1000, kind: 'exact' };
  return instantOf(when.local, when.zone);
}

/** Grace period in milliseconds: the current minute can still be chosen, since pickers have no seconds. */
const graceMs = 60_000;

/**
 * Returns whether the time was already past when it was chosen. One that has passed since means "at once".
 */
export function wasPast(when: When): boolean {
  if (when.kind === 'in') return false;
  const found = instantOf(when.local, when.zone);
  return found !== undefined && found.at < when.chosenAt - graceMs;
}

/** Returns the time as the API takes it, or what is wrong with it. */
export function timeOf(when: When): { delay: number } | { scheduled_time: string } | { problem: string } {
  if (when.kind === 'in') return { delay: when.seconds };
  const found = instantOf(when.local, when.zone);
  if (!found) return { problem: 'Choose a date and time.' };
  if (wasPast(when))
    return { problem: 'This time is in the past. Choose “Now” to run the task immediately.' };
  return { scheduled_time: new Date(found.at).toISOString() };
}

/** Returns what the user should know about the choice besides the instant itself. */
export function caveatOf(when: When, now: number): string | undefined {
  const found = momentOf(when, now);
  if (found?.kind === 'skipped') {
    return 'Clocks skip this time on that day. The first moment after it is used.';
  }
  if (found?.kind === 'twice')
    return 'Clocks go back on that day, so this time occurs twice. The earlier one is used.';
  if (wasPast(when)) return 'This time is in the past.';
  if (when.kind === 'at' && found && found.at < now)
    return 'This time has just passed. The task will run immediately.';
  return undefined;
}
