/** A task may follow others: it waits until they have ended, and only then for its own time. */
import type { EndedStatus } from './task.ts';
import type { TaskInput } from './workflow.ts';

/** `completed`: a predecessor that has not completed fails its successor. `any`: however it has ended, it counts. */
export const afterPolicies = ['completed', 'any'] as const;
export type AfterPolicy = (typeof afterPolicies)[number];

export const maxPredecessors = 20;

/** DELETED: it is no more, whatever had become of it. */
export type PredecessorEnd = EndedStatus | 'DELETED';

/** The argument of the signal `predecessor-over`. */
export interface PredecessorOver {
  readonly id: string;
  readonly ended: PredecessorEnd;
}

/** Whether a successor may go on after such an end. */
export function isGoodEnd(ended: PredecessorEnd, policy: AfterPolicy | undefined): boolean {
  return policy === 'any' || ended === 'COMPLETED';
}

type Following = Pick<TaskInput, 'after' | 'after_policy' | 'predecessors_over' | 'after_met'>;

/** What a run that is being started has to wait for: those that have ended well before are behind it. */
export function predecessorsLeft({ after, after_policy, predecessors_over, after_met }: Following): string[] {
  if (after === undefined || after_met === true) return [];
  const met = (predecessors_over ?? []).filter(({ ended }) => isGoodEnd(ended, after_policy));
  return after.filter((id) => !met.some((over) => over.id === id));
}
