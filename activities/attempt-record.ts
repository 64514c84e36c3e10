import type { JsonValue } from '../src/contract/json.ts';
import { truncateBytes } from '../src/contract/text.ts';
import type { AttemptHeartbeat, AttemptReport, ErrorReport } from '../src/contract/workflow.ts';
import { keptJson } from './kept-json.ts';
import type { TaskContext } from './types/define.ts';

const maxLogLines = 200;
const maxLogBytes = 16 * 1024;
const maxLineBytes = 2 * 1024;
const maxProgressMessageBytes = 500;

/** It rides in every heartbeat and failure: a hundred attempts' worth must fit into the history. */
const maxCheckpointBytes = 64 * 1024;

export interface RecordStart {
  readonly attempt: number;
  readonly startedAt: Date;
  readonly worker: string;
  readonly checkpoint: JsonValue | null;
  readonly handedBack: number;
}

/**
 * What one attempt leaves behind: log lines, progress, checkpoint. Bounded, since all of it travels in heartbeats and
 * failures, and ends up in the task's event history.
 */
export class AttemptRecord {
  readonly #start: RecordStart;
  readonly #onChange: () => void;
  readonly #log: string[] = [];
  #logBytes = 0;
  #progress: AttemptHeartbeat['progress'] = null;
  #checkpoint: JsonValue | null;

  /** @param onChange called whenever there is something new to tell watchers. */
  constructor(start: RecordStart, onChange: () => void) {
    this.#start = start;
    this.#checkpoint = start.checkpoint;
    this.#onChange = onChange;
  }

  get checkpoint(): JsonValue | null {
    return this.#checkpoint;
  }

  /** The members of a handler's context that write to this record. */
  members(): Pick<TaskContext, 'log' | 'checkpoint' | 'progress'> {
    const line = (level: string) => (message: string) => this.addLine(level, message);
    return {
      log: { info: line('INFO'), warn: line('WARN'), error: line('ERROR') },
      checkpoint: {
        read: () => this.#checkpoint ?? undefined,
        write: (value) => {
          this.#checkpoint = keptJson('Checkpoint', value, maxCheckpointBytes);
        },
      },
      progress: (percent, message = '') => {
        const clamped = Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) : 0;
        this.#progress = { percent: clamped, message: truncateBytes(message, maxProgressMessageBytes) };
        this.#onChange();
      },
    };
  }

  heartbeat(handedBack = this.#start.handedBack): AttemptHeartbeat {
    return { progress: this.#progress, checkpoint: this.#checkpoint, handed_back: handedBack };
  }

  report(outcome: AttemptReport['outcome'], error: ErrorReport | null): AttemptReport {
    const { attempt, startedAt, worker } = this.#start;
    return {
      attempt,
      started_at: startedAt.toISOString(),
      finished_at: new Date().toISOString(),
      worker,
      outcome,
      error,
      log: [...this.#log],
    };
  }

  addLine(level: string, message: string): void {
    const line = truncateBytes(`${new Date().toISOString()} ${level} ${message}`, maxLineBytes);
    this.#log.push(line);
    this.#logBytes += Buffer.byteLength(line);
    while (this.#log.length > maxLogLines || this.#logBytes > maxLogBytes) {
      this.#logBytes -= Buffer.byteLength(this.#log.shift() ?? '');
    }
  }
}
