import type { Preview, PreviewInput } from '../contract/schedule.ts';
import { previewTimes } from './preview.ts';

export interface ScheduleServiceOptions {
  /** Returns the time by Temporal's clock, in milliseconds since the epoch. */
  readonly now: () => number;
}

export type ScheduleService = ReturnType<typeof createScheduleService>;

/** Creates the service for all operations on schedules. Throws AppError. */
export function createScheduleService({ now }: ScheduleServiceOptions) {
  return {
    preview: (request: PreviewInput): Preview => previewTimes(request, now()),
  };
}
