import type { HistoryEntry } from '../../contract/history.ts';
import type { Attempt, Task } from '../../contract/task.ts';
import type { EndType, RunTimeline, Segment, SegmentKind } from './segments.ts';

type WaitingKind = Exclude<SegmentKind, 'running'>;

interface RunFacts {
  /** Ids of the predecessors that have not ended; each is removed when it ends. */
  readonly left: Set<string>;
  readonly policy: Task['after_policy'];
  /** undefined if it is not known. */
  readonly scheduledAt: number | undefined;
}

/** Follows one run through its history: what it is waiting for now, and its segments so far. */
export class RunReader {
  readonly #facts: RunFacts;
  readonly #segments: Segment[] = [];
  #runId = '';
  #startedAt = 0;
  #waiting: { readonly kind: WaitingKind; readonly from: number } | undefined;
  #runsNow = false;
  #end: RunTimeline['end'];

  constructor(facts: RunFacts) {
    this.#facts = facts;
  }

  read(entry: HistoryEntry): void {
    const at = Date.parse(entry.at);
    switch (entry.type) {
      case 'created':
      case 'retried':
        [this.#runId, this.#startedAt] = [entry.run_id, at];
        return this.#wait(this.#resting(), at);
      case 'paused':
        return this.#wait('paused', at, false);
      case 'resumed':
        return this.#wait(this.#resting(), at);
      case 'run_now':
        // During a backoff, the entry of the next attempt follows by itself.
        if (this.#waiting?.kind === 'backoff') return undefined;
        return this.#wait(this.#resting(), at, true);
      case 'rescheduled':
      case 'edited':
        return this.#edited(entry, at);
      case 'predecessor_over':
        return this.#predecessorEnded(entry, at);
      case 'due':
        return this.#wait('pending', at);
      case 'attempt':
        return entry.attempt && this.#attempt(entry.attempt);
      case 'cancel_requested':
        return undefined;
      case 'completed':
      case 'failed':
      case 'cancelled':
      case 'terminated':
      case 'timed_out':
        return this.#endRun(entry.type, at);
    }
  }

  /** @param now the current time or, for an earlier run, the start of the next one. */
  finish(now: number, isNewest: boolean): RunTimeline {
    const until = this.#end?.at ?? now;
    const goesOn = isNewest && !this.#end;
    this.#close(until, goesOn);
    const segments = this.#segments.map((segment) =>
      segment.isOpen ? { ...segment, to: Math.max(until, segment.from), isOpen: goesOn } : segment,
    );
    return { runId: this.#runId, startedAt: this.#startedAt, segments, end: this.#end };
  }

  #resting(): WaitingKind {
    return this.#facts.left.size > 0 ? 'after' : 'scheduled';
  }

  #wait(kind: WaitingKind, at: number, runsNow = this.#runsNow): void {
    this.#close(at);
    this.#waiting = { kind, from: at };
    this.#runsNow = runsNow;
  }

  /** An edit withdraws a task that was due: it waits again. */
  #edited({ changes }: HistoryEntry, at: number): void {
    if (!this.#waiting) return;
    const { kind } = this.#waiting;
    const isRescheduled = changes?.some(({ field }) => field === 'scheduled_time') === true;
    this.#wait(kind === 'pending' ? 'scheduled' : kind, at, this.#runsNow && !isRescheduled);
  }

  #predecessorEnded({ predecessor }: HistoryEntry, at: number): void {
    const { left, policy } = this.#facts;
    if (!predecessor || (policy === 'completed' && predecessor.ended !== 'COMPLETED')) return;
    left.delete(predecessor.id);
    if (left.size === 0 && this.#waiting?.kind === 'after') this.#wait('scheduled', at);
  }

  #attempt({ attempt, outcome, started_at, finished_at }: Attempt): void {
    const from = Math.max(Date.parse(started_at), this.#segments.at(-1)?.to ?? 0);
    this.#close(from);
    this.#waiting = undefined;
    const to = finished_at === null ? from : Math.max(from, Date.parse(finished_at));
    this.#segments.push({ kind: 'running', from, to, isOpen: finished_at === null, attempt, outcome });
    if (outcome === 'failed') this.#waiting = { kind: 'backoff', from: to };
    if (outcome === 'lost' || outcome === 'handed_back') this.#waiting = { kind: 'pending', from: to };
  }

  #endRun(type: EndType, at: number): void {
    // There is no next attempt, so the run has not waited for one.
    if (type === 'failed' && this.#waiting?.kind === 'backoff') this.#waiting = undefined;
    this.#close(at);
    this.#end = { type, at };
  }

  #close(to: number, isOpen = false): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (!waiting) return;
    const { scheduledAt } = this.#facts;
    const due = this.#runsNow ? waiting.from : (scheduledAt ?? Number.POSITIVE_INFINITY);
    if (waiting.kind !== 'scheduled' || due >= to) return this.#push({ ...waiting, to, isOpen });
    // The scheduled time came before a worker recorded it.
    const from = Math.max(due, waiting.from);
    this.#push({ ...waiting, to: from, isOpen: false });
    this.#push({ kind: 'pending', from, to, isOpen });
  }

  /** Adds a segment. One of the same kind as the last extends it instead. */
  #push(segment: Segment): void {
    if (segment.to <= segment.from && !segment.isOpen) return;
    const last = this.#segments.at(-1);
    if (last?.kind === segment.kind) this.#segments.splice(-1, 1, { ...segment, from: last.from });
    else this.#segments.push(segment);
  }
}
