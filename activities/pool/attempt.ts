/** One attempt, in the process that runs its handler. */
import { maxCheckpointBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { truncateBytes } from '../../src/contract/text.ts';
import { describeFailure, isTaskFailure, stackOf, stackOfCauses } from '../failures.ts';
import { toLimitedJson } from '../limited-json.ts';
import { logText } from '../log-text.ts';
import { AttemptStopped, type TaskContext } from '../types/define.ts';
import type { TaskTypes } from '../types/index.ts';
import type { FromHandler, HandlerFailure, HandlerInput, ToHandler } from './messages.ts';
import { ReportSender } from './report-sender.ts';

const maxProgressMessageBytes = 500;

export class HandlerAttempt {
  readonly #input: HandlerInput;
  readonly #number: number;
  readonly #send: (message: FromHandler) => void;
  readonly #stopping = new AbortController();
  readonly #reports: ReportSender;
  #ended = false;

  constructor({ input, number }: Extract<ToHandler, { type: 'run' }>, send: (message: FromHandler) => void) {
    this.#input = input;
    this.#number = number;
    this.#send = send;
    this.#reports = new ReportSender((report) => send({ type: 'report', number, report }));
  }

  stop({ number, reason, message }: Extract<ToHandler, { type: 'stop' }>): void {
    if (number === this.#number) this.#stopping.abort(new AttemptStopped(reason, message));
  }

  async run(types: TaskTypes): Promise<void> {
    const { taskType, payload } = this.#input;
    const number = this.#number;
    this.#send({ type: 'started', number });
    try {
      const type = types.get(taskType);
      if (!type) throw new TypeError(`The worker should have rejected the task type ${taskType}`);
      const result = toLimitedJson('Result', await type.run(this.#context(), payload), maxResultBytes);
      this.#end({ type: 'completed', number, result, residentBytes: process.memoryUsage.rss() });
    } catch (error) {
      this.fail(error);
    }
  }

  /** Ends the attempt with what its handler threw, wherever that was caught. */
  fail(error: unknown): void {
    if (this.#ended) return;
    // The stack of a handler that was asked to stop doesn't matter.
    if (error instanceof Error && !this.#stopping.signal.aborted) {
      // A TaskFailure was expected, and says what it means: only its causes are of interest.
      const stack = isTaskFailure(error) ? stackOfCauses(error) : stackOf(error);
      if (stack !== '') this.#reports.log('ERROR', stack);
    }
    const failure: HandlerFailure = describeFailure(error);
    this.#end({ type: 'failed', number: this.#number, failure, residentBytes: process.memoryUsage.rss() });
  }

  #end(message: FromHandler): void {
    if (this.#ended) return;
    this.#ended = true;
    this.flush();
    this.#send(message);
  }

  /** Sends what has not been sent yet. Whatever the handler reports later is dropped. */
  flush(): void {
    this.#reports.close();
  }

  #context(): TaskContext {
    const { taskId, owner, attempt, idempotencyKey, checkpoint } = this.#input;
    const reports = this.#reports;
    let saved = checkpoint;
    return {
      taskId,
      owner,
      attempt,
      idempotencyKey,
      signal: this.#stopping.signal,
      log: {
        info: (message) => reports.log('INFO', logText(message)),
        warn: (message) => reports.log('WARN', logText(message)),
        error: (message) => reports.log('ERROR', logText(message)),
      },
      checkpoint: {
        read: () => (saved === undefined ? undefined : JSON.parse(saved)),
        write: (value) => {
          saved = toLimitedJson('Checkpoint', value, maxCheckpointBytes);
          reports.checkpoint(saved);
        },
      },
      progress: (percent, message = '') => {
        const clamped = Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) : 0;
        reports.progress(clamped, truncateBytes(message, maxProgressMessageBytes));
      },
    };
  }
}
