/** A task can wait for others (`after`): first until they have ended, and only then for its own scheduled time. */
import type { EndedStatus } from './status.ts';

/** `completed`: a predecessor that ends otherwise fails its dependent. `any`: every outcome is accepted. */
export const afterPolicies = ['completed', 'any'] as const;
export type AfterPolicy = (typeof afterPolicies)[number];

export const maxPredecessors = 20;

/** DELETED: the predecessor no longer exists, whatever its outcome was. */
export type PredecessorEnd = EndedStatus | 'DELETED';

/** The argument of the signal `predecessor-over`. */
export interface EndedPredecessor {
  readonly id: string;
  readonly ended: PredecessorEnd;
}

/** Returns whether a dependent can go on after a predecessor has ended this way. */
export function isAcceptedOutcome(ended: PredecessorEnd, policy: AfterPolicy | undefined): boolean {
  return policy === 'any' || ended === 'COMPLETED';
}

/** The part of a run's input that says what it has to wait for. */
export interface PredecessorInput {
  /** Ids of the predecessors. */
  readonly after?: readonly string[];
  readonly after_policy?: AfterPolicy;
  /** Predecessors that had ended when the run was started, and how. */
  readonly predecessors_over?: readonly EndedPredecessor[];
  /** Set if an earlier run has already waited for the predecessors: this one does not wait again. */
  readonly after_met?: true;
}

/** The part of a run's memo that says what it waits for. Written by `memoOfPredecessors`. */
export interface PredecessorMemo {
  /** Ids of the predecessors. */
  readonly after?: readonly string[];
  /** Those that have not ended. Omitted as long as none has. */
  readonly waits_for?: readonly string[];
  /** Set once all have ended: servers from 1.30 on drop a field that is updated to an empty list. */
  readonly after_met?: boolean;
}

/**
 * Returns the memo's fields once predecessors have ended.
 * @param left those that have not.
 */
export function memoOfPredecessors(left: readonly string[]): Omit<PredecessorMemo, 'after'> {
  return { waits_for: left, ...(left.length === 0 && { after_met: true }) };
}

/** Returns the predecessors that a run still waits for, by its memo. */
export function predecessorsLeft({ after, waits_for, after_met }: PredecessorMemo): readonly string[] {
  return after_met === true ? [] : (waits_for ?? after ?? []);
}

/** Returns the predecessors that a new run has to wait for: all but those that have already ended well. */
export function remainingPredecessors({
  after,
  after_policy,
  predecessors_over,
  after_met,
}: PredecessorInput): string[] {
  if (after === undefined || after_met === true) return [];
  const met = (predecessors_over ?? []).filter(({ ended }) => isAcceptedOutcome(ended, after_policy));
  return after.filter((id) => !met.some((predecessor) => predecessor.id === id));
}
