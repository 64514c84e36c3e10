import type { HistoryEntry } from '../../contract/history.ts';
import type { Attempt } from '../../contract/task.ts';

/**
 * scheduled: waits for its time. after: waits for other tasks. pending: due, but no attempt has started
 * yet, or none since the last one was lost or handed back. backoff: between a failed attempt and the next.
 */
export type SegmentKind = 'scheduled' | 'paused' | 'after' | 'pending' | 'running' | 'backoff';

export interface Segment {
  readonly kind: SegmentKind;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** The current time, if the segment is still open. */
  readonly to: number;
  readonly isOpen: boolean;
  /** Number and outcome of the attempt, on `running` segments only. */
  readonly attempt?: number;
  readonly outcome?: Attempt['outcome'];
}

export type EndType = Extract<
  HistoryEntry['type'],
  'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed_out'
>;

export interface RunTimeline {
  readonly runId: string;
  readonly startedAt: number;
  readonly segments: readonly Segment[];
  /** undefined while the run has not ended. */
  readonly end: { readonly type: EndType; readonly at: number } | undefined;
}
