/**
 * The quick lane: an attempt that its type declares quick runs as a local activity, in the worker that has the workflow
 * task, so that the server neither dispatches it nor records more than its end.
 *
 * Until the workflow task is over, no message reaches the workflow. So an attempt begins here only if a handler process
 * is free at once or very soon, and is stopped after a few seconds. In all these cases another one follows on the ordinary
 * lane, with the task's full limits: no process was free, the worker is shutting down, the attempt took too long or was
 * cut short, the type has not been quick lately, or the workflow task repeats one that may have had an attempt.
 */
import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { lostAttempt } from '../src/contract/lost-attempt.ts';
import type {
  AttemptReport,
  AttemptSuccess,
  MovedAttempt,
  QuickAttemptInput,
} from '../src/contract/workflow.ts';
import { type WorkflowRun, workflowOf } from './activity-attempt.ts';
import { attemptFailure, type MeasuredAttempt } from './attempt-failure.ts';
import { AttemptRecord } from './attempt-record.ts';
import { AttemptInterrupted } from './failures.ts';
import type { FindSecret } from './find-secret.ts';
import type { TaskMeasures } from './measures.ts';
import type { HandlerProcess } from './pool/handler-process.ts';
import type { HandlerPool } from './pool/pool.ts';
import type { TypeRules } from './pool/messages.ts';
import { runHandler } from './run-handler.ts';

/** Time to wait for a handler process, in milliseconds. */
const waitMs = 250;
/**
 * Time after which an attempt is asked to stop, and until its process is then killed, in milliseconds. Together with the
 * wait it is below the four seconds after which the SDK reports to the server that a workflow task is still in progress;
 * only a repeated workflow task can take longer.
 */
const budgetMs = 2500;
const stopMs = 500;
const tooLong = `The attempt took longer than ${budgetMs} ms, the limit of the quick lane`;
/** Maximum time to clean up after a cancellation, in milliseconds: the local activity must not time out meanwhile. */
const maxCleanupMs = 5000;
/** Time for which a type whose attempt took too long has its attempts on the ordinary lane, in milliseconds. */
const slowTypeMs = 600_000;

/** A workflow task that was lost with its worker, or whose end the server has rejected, since a message came before it. */
export type RepeatedWorkflowTask =
  | { readonly kind: 'lost'; readonly worker: string; readonly started_at: string }
  | { readonly kind: 'rejected' };

export interface QuickLaneDependencies {
  readonly pool: HandlerPool;
  readonly findSecret: FindSecret;
  /** The worker's identity, shown to the task's owner with each attempt. */
  readonly worker: string;
  /** Fires when the worker shuts down and its grace time is over. */
  readonly graceOver: AbortSignal;
  /** Returns how the run's last workflow task ended, if this one repeats it. */
  readonly repeated: (run: WorkflowRun) => Promise<RepeatedWorkflowTask | undefined>;
  readonly measures: TaskMeasures;
}

export interface QuickLane {
  run(input: QuickAttemptInput): Promise<AttemptSuccess | MovedAttempt>;
  /** Lets no more attempts begin. Those that run end by themselves. */
  close(): void;
}

export function createQuickLane(dependencies: QuickLaneDependencies): QuickLane {
  /** Types whose attempts took too long, with the instant of the monotonic clock until which they are not quick. */
  const slowUntil = new Map<string, number>();
  let isClosed = false;

  async function run(input: QuickAttemptInput): Promise<AttemptSuccess | MovedAttempt> {
    const repetition = input.may_repeat ? await repeatedAttempt(dependencies, input) : undefined;
    if (repetition) return repetition;
    const rules = dependencies.pool.types.get(input.type);
    if (!rules?.mayBeQuick) return moved('The worker has no such type that is quick');
    if ((slowUntil.get(input.type) ?? 0) > performance.now())
      return moved(`An attempt of the type took longer than ${budgetMs} ms lately`);
    const handlerProcess = isClosed ? undefined : await dependencies.pool.acquireSpare(waitMs);
    if (!handlerProcess) return moved('No handler process was free');
    // Both may have come while it waited.
    if (isClosed || Context.current().cancellationSignal.aborted) {
      dependencies.pool.release(handlerProcess);
      return moved('The worker is shutting down');
    }
    return attempt(dependencies, {
      handlerProcess,
      rules,
      input,
      onTooLong: () => slowUntil.set(input.type, performance.now() + slowTypeMs),
    });
  }

  return { run, close: () => (isClosed = true) };
}

function moved(reason: string, left: Pick<MovedAttempt, 'report' | 'checkpoint'> = {}): MovedAttempt {
  return { moved: true, reason, ...left };
}

/**
 * Returns that the task moves on if an attempt may have begun before: it was lost with its worker, or a message came before
 * its end. Each could happen again and again.
 */
async function repeatedAttempt(
  { repeated, measures }: QuickLaneDependencies,
  { type, prior_attempts }: QuickAttemptInput,
): Promise<MovedAttempt | undefined> {
  const last = await repeated(workflowOf(Context.current()));
  if (last?.kind !== 'lost') return last && moved('A message came before the end of an attempt');
  const { worker, started_at } = last;
  const report = lostAttempt({
    attempt: prior_attempts + 1,
    worker,
    started_at,
    heard_at: started_at,
    log: [],
  });
  measures.attemptEnded(type, report);
  return moved('The worker of an attempt was lost', { report });
}

interface Beginning {
  readonly handlerProcess: HandlerProcess;
  readonly rules: TypeRules;
  readonly input: QuickAttemptInput;
  /** Called if the handler takes longer than a quick one may. */
  readonly onTooLong: () => void;
}

async function attempt(
  dependencies: QuickLaneDependencies,
  { handlerProcess, rules, input, onTooLong }: Beginning,
): Promise<AttemptSuccess | MovedAttempt> {
  const { pool, findSecret, graceOver, measures } = dependencies;
  const activity = Context.current();
  const startedAt = Date.now();
  const record = newRecord(dependencies, input, startedAt);
  if (input.due_at !== undefined)
    measures.firstAttemptStarted(input.type, Date.parse(input.due_at), startedAt);
  const limit = new AbortController();
  const budget = setTimeout(() => limit.abort(new CancelledFailure('TOO_LONG')), budgetMs);
  try {
    const result = await runHandler({
      pool,
      acquire: startingWith(handlerProcess, pool),
      rules: { ...rules, cleanupMs: Math.min(rules.cleanupMs, maxCleanupMs) },
      input,
      attempt: input.prior_attempts + 1,
      workflow: workflowOf(activity),
      record,
      findSecret,
      stopping: AbortSignal.any([activity.cancellationSignal, limit.signal]),
      graceOver,
      handBackMs: stopMs,
      givenUp: tooLong,
    });
    if (limit.signal.aborted) onTooLong();
    const report = record.report('completed', null);
    measures.attemptEnded(input.type, report);
    return { result, report };
  } catch (error) {
    const isTooLong =
      limit.signal.aborted && error instanceof AttemptInterrupted && error.outcome === 'handed_back';
    if (isTooLong && error.hasStarted) onTooLong();
    return endUnsuccessful(error, { dependencies, record, input, isTooLong });
  } finally {
    clearTimeout(budget);
  }
}

/** Returns the given process first; another one if that could not run the handler. */
function startingWith(first: HandlerProcess, pool: HandlerPool): () => Promise<HandlerProcess> {
  let next: HandlerProcess | undefined = first;
  return async () => {
    const handlerProcess = next ?? (await pool.acquireSpare(waitMs));
    next = undefined;
    if (handlerProcess) return handlerProcess;
    throw new AttemptInterrupted('lost', 'ProcessKilled', 'No other handler process was free', false);
  };
}

function newRecord(
  { worker }: QuickLaneDependencies,
  { prior_attempts, checkpoint }: QuickAttemptInput,
  startedAt: number,
): AttemptRecord {
  const none = { progress: null, handedBack: 0, deferred: 0, lost: 0, blamed: 0 };
  const attempt = prior_attempts + 1;
  // Its end is the first thing that is reported of it.
  const onChange = (): void => undefined;
  return new AttemptRecord(
    { ...none, attempt, checkpoint, reported: prior_attempts, startedAt, worker },
    onChange,
  );
}

interface UnsuccessfulAttempt extends MeasuredAttempt {
  readonly input: QuickAttemptInput;
  readonly isTooLong: boolean;
}

/** Returns that the task moves on. @throws the attempt's failure or cancellation. */
function endUnsuccessful(error: unknown, attempt: UnsuccessfulAttempt): MovedAttempt {
  const { dependencies, record, input, isTooLong } = attempt;
  const ended = (report: AttemptReport): AttemptReport => {
    dependencies.measures.attemptEnded(input.type, report);
    return report;
  };
  if (error instanceof CancelledFailure)
    throw new CancelledFailure('Task cancelled', [ended(record.report('cancelled', null))]);
  if (!(error instanceof AttemptInterrupted)) throw attemptFailure(error, attempt);
  const { outcome, type, message, hasStarted } = error;
  if (!hasStarted) return moved('The handler process did not begin');
  const reason = isTooLong ? tooLong : message;
  return moved(reason, {
    report: ended(record.report(outcome, { type: isTooLong ? 'QuickLimitExceeded' : type, message: reason })),
    ...(input.discards_checkpoint !== true && { checkpoint: record.checkpoint }),
  });
}
