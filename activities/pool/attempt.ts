/** One attempt, in the process that runs its handler. */
import { maxCheckpointBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { secretNameForm } from '../../src/contract/secret.ts';
import { truncateBytes } from '../../src/contract/text.ts';
import type { ScheduleOfAttempt } from '../../src/contract/workflow.ts';
import { describeFailure, isTaskFailure, stackOf, stackOfCauses } from '../failures.ts';
import { toLimitedJson } from '../limited-json.ts';
import { logText } from '../log-text.ts';
import { SecretMask } from '../secret-mask.ts';
import { AttemptStopped, type TaskContext, TaskFailure } from '../types/define.ts';
import type { TaskTypes } from '../types/index.ts';
import {
  type FromHandler,
  type HandlerFailure,
  type HandlerInput,
  maxSecretUrlLength,
  type ToHandler,
} from './messages.ts';
import { ReportSender } from './report-sender.ts';

const maxProgressMessageBytes = 500;

type Answer = Extract<ToHandler, { type: 'secret' }>['answer'];

/** A request for a secret that the worker has not answered yet. */
interface Asked {
  readonly name: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: AttemptStopped) => void;
}

export class HandlerAttempt {
  readonly #input: HandlerInput;
  readonly #number: number;
  readonly #send: (message: FromHandler) => void;
  readonly #stopping = new AbortController();
  readonly #reports: ReportSender;
  readonly #asked = new Map<number, Asked>();
  /** The secrets that the handler was given, replaced in all that it reports before anything is cut or measured. */
  readonly #mask = new SecretMask();
  #requests = 0;
  #ended = false;

  constructor({ input, number }: Extract<ToHandler, { type: 'run' }>, send: (message: FromHandler) => void) {
    this.#input = input;
    this.#number = number;
    this.#send = send;
    this.#reports = new ReportSender((report) => send({ type: 'report', number, report }));
  }

  stop({ number, reason, message }: Extract<ToHandler, { type: 'stop' }>): void {
    if (number !== this.#number) return;
    const stopped = new AttemptStopped(reason, message);
    this.#stopping.abort(stopped);
    for (const { reject } of this.#asked.values()) reject(stopped);
    this.#asked.clear();
  }

  /** Takes the worker's answer to a request for a secret. */
  answer({ number, request, answer }: Extract<ToHandler, { type: 'secret' }>): void {
    if (number !== this.#number) return;
    const asked = this.#asked.get(request);
    this.#asked.delete(request);
    // Before the handler has it.
    if (asked !== undefined && answer.kind === 'found') this.#mask.add(asked.name, answer.value);
    asked?.resolve(answer);
  }

  async run(types: TaskTypes): Promise<void> {
    const { taskType, payload } = this.#input;
    const number = this.#number;
    this.#send({ type: 'started', number });
    try {
      const type = types.get(taskType);
      if (!type) throw new TypeError(`The worker should have rejected the task type ${taskType}`);
      const result = toLimitedJson(
        'Result',
        await type.run(this.#context(), payload),
        maxResultBytes,
        this.#mask,
      );
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
      if (stack !== '') this.#log('ERROR', stack);
    }
    const failure: HandlerFailure = describeFailure(error, this.#mask);
    this.#end({ type: 'failed', number: this.#number, failure, residentBytes: process.memoryUsage.rss() });
  }

  #log(level: 'INFO' | 'WARN' | 'ERROR', text: string): void {
    this.#reports.log(level, this.#mask.text(text));
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

  async #secret(name: string, url: string): Promise<string> {
    const answer = await this.#answerTo(name, url);
    switch (answer.kind) {
      case 'found':
        return answer.value;
      case 'refused': {
        // Not retryable: it stays so until the operator changes something, and then the owner can retry the task. The
        // message is the same whatever the reason, so that no account finds out which secrets the others have.
        const message = `There is no secret ${name} for this account and host`;
        throw new TaskFailure('SecretUnavailable', message, { retryable: false });
      }
      case 'unreadable':
        // The operator is likely to be changing it.
        throw new TaskFailure('SecretsUnreadable', 'The worker cannot read its secrets', { retryable: true });
    }
  }

  /** @throws the signal's reason once that has fired: the worker may wait for its file. */
  async #answerTo(name: string, url: string): Promise<Answer> {
    this.#stopping.signal.throwIfAborted();
    // The worker would ignore the message.
    if (!secretNameForm.test(name) || url.length > maxSecretUrlLength) return { kind: 'refused' };
    this.#requests += 1;
    const request = this.#requests;
    return await new Promise<Answer>((resolve, reject) => {
      this.#asked.set(request, { name, resolve, reject });
      this.#send({ type: 'secret', number: this.#number, request, name, url });
    });
  }

  #context(): TaskContext {
    const { taskId, owner, attempt, idempotencyKey, checkpoint, schedule } = this.#input;
    const reports = this.#reports;
    let saved = checkpoint;
    return {
      taskId,
      owner,
      attempt,
      idempotencyKey,
      // It has come as JSON.
      schedule: (schedule as ScheduleOfAttempt | undefined) ?? null,
      signal: this.#stopping.signal,
      log: {
        info: (message) => this.#log('INFO', logText(message)),
        warn: (message) => this.#log('WARN', logText(message)),
        error: (message) => this.#log('ERROR', logText(message)),
      },
      checkpoint: {
        read: () => (saved === undefined ? undefined : JSON.parse(saved)),
        write: (value) => {
          saved = toLimitedJson('Checkpoint', value, maxCheckpointBytes, this.#mask);
          reports.checkpoint(saved);
        },
      },
      // Handlers in JavaScript pass anything.
      secret: (name: unknown, url: unknown) => this.#secret(String(name), String(url)),
      progress: (percent, message = '') => {
        const clamped = Number.isFinite(percent) ? Math.min(100, Math.max(0, percent)) : 0;
        reports.progress(clamped, truncateBytes(this.#mask.text(message), maxProgressMessageBytes));
      },
    };
  }
}
