import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { addMissingAttributes, attributeFaults, queryAttributes } from './attributes.ts';
import type { ReportProgress } from '../lib/progress.ts';
import { SetupError } from '../lib/setup-error.ts';
import { ownCommand } from '../lib/own-command.ts';
import { grpcCode, grpcStatus } from './grpc.ts';
import { errorMessage } from '../lib/error-message.ts';

/** gRPC status codes of failures that a retry can't fix. */
const final: ReadonlySet<number | undefined> = new Set([
  grpcStatus.permissionDenied,
  grpcStatus.unimplemented,
  grpcStatus.unauthenticated,
]);

const daySeconds = 86_400;
const retentionDays = 30;
/** Time limit for a setup, in milliseconds: a cluster's caches of search attributes may lag by a minute. */
const setUpMs = 90_000;
const checkMs = 15_000;
const pollMs = 200;

export interface NamespaceOptions {
  readonly namespace: string;
  /** Whether to create and change things: for the embedded server, and for an explicit `taskbell setup`. */
  readonly create: boolean;
  readonly report?: ReportProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface NamespaceFacts {
  /** Time for which the namespace keeps an ended task, in days. */
  readonly retentionDays: number;
}

type Repeat = <T>(attempt: () => Promise<T>) => Promise<T>;

/**
 * Makes sure that the namespace is ready for tasks: it exists and has our search attributes, usable in queries. With
 * `create` it also gets a retention of 30 days, unless it has a longer one.
 * @throws {SetupError} with what is missing when it may not be created, or can't be.
 */
export async function ensureNamespace(
  connection: Connection,
  options: NamespaceOptions,
): Promise<NamespaceFacts> {
  const { namespace, create, report, signal } = options;
  report?.({ waitingFor: `Checking namespace "${namespace}"` });
  try {
    const timeoutMs = create ? setUpMs : checkMs;
    const repeatUntil = performance.now() + timeoutMs;
    const repeat: Repeat = (attempt) => eventually(repeatUntil, signal, attempt);
    return await connection.withDeadline(Date.now() + timeoutMs, () =>
      create ? setUp(connection, namespace, repeat) : repeat(() => check(connection, namespace)),
    );
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof SetupError) throw error;
    throw new SetupError(`Namespace "${namespace}" can't be used: ${errorMessage(error)}`, { cause: error });
  }
}

async function check(connection: Connection, namespace: string): Promise<NamespaceFacts> {
  const days = await readRetentionDays(connection, namespace);
  const faults = days === undefined ? ['the namespace itself'] : await attributeFaults(connection, namespace);
  if (days !== undefined && faults.length === 0) return { retentionDays: days };
  throw new SetupError(
    [
      `Namespace "${namespace}" isn't ready for Taskbell. Missing:`,
      ...faults.map((fault) => `  - ${fault}`),
      `Run \`${ownCommand('setup')}\` once with the same settings; it adds them.`,
    ].join('\n'),
  );
}

async function setUp(connection: Connection, namespace: string, repeat: Repeat): Promise<NamespaceFacts> {
  const days = await repeat(() => provideNamespace(connection, namespace));
  await repeat(() => addMissingAttributes(connection, namespace));
  await repeat(async () => {
    const faults = await attributeFaults(connection, namespace);
    if (faults.length > 0) throw new Error(`not available yet: ${faults.join(', ')}`);
    await queryAttributes(connection, namespace);
  });
  return { retentionDays: days };
}

async function provideNamespace(connection: Connection, namespace: string): Promise<number> {
  const service = connection.workflowService;
  const workflowExecutionRetentionTtl = proto.google.protobuf.Duration.fromObject({
    seconds: retentionDays * daySeconds,
  });
  const days = await readRetentionDays(connection, namespace);
  if (days === undefined) {
    await service.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: workflowExecutionRetentionTtl,
    });
    return retentionDays;
  }
  if (days >= retentionDays) return days;
  await service.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
  return retentionDays;
}

/** @returns undefined when there is no such namespace. */
async function readRetentionDays(connection: Connection, namespace: string): Promise<number | undefined> {
  try {
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / daySeconds;
  } catch (error) {
    if (grpcCode(error) === grpcStatus.notFound) return undefined;
    throw error;
  }
}

/**
 * Retries until the deadline, by `performance.now`, what may fail because the server has just started or its
 * caches lag. Never retries after a SetupError.
 */
async function eventually<T>(
  deadline: number,
  signal: AbortSignal | undefined,
  attempt: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SetupError || final.has(grpcCode(error)) || performance.now() > deadline)
        throw error;
    }
    await sleep(pollMs, undefined, { signal });
  }
}
