/**
 * Messages between a worker and its handler processes. JSON is sent as text: its size was checked in that
 * form, and it is parsed only where it is needed.
 */
import { z } from 'zod';
import { maxCheckpointBytes, maxErrorMessageBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { maxLineBytes, maxLines } from '../log-lines.ts';
import { stopReasons } from '../types/define.ts';

const limits = z.object({ softTimeLimit: z.boolean(), timeLimit: z.boolean(), memoryLimit: z.boolean() });

/** Rules of a task type. The worker keeps them, since it outlives the processes that run its handlers. */
const typeRules = z.object({
  /** Limits after which the task's retry policy applies. */
  retryOn: limits,
  /** Time a handler has to clean up after a cancellation, in milliseconds. */
  cleanupMs: z.number(),
  /** Whether the type declares any payload quick. */
  mayBeQuick: z.boolean(),
});
export type TypeRules = z.infer<typeof typeRules>;

const settings = z.object({
  dataDir: z.string().optional(),
  httpAllowHosts: z.array(z.string()),
  modules: z.array(z.string()),
});
/** Settings with which a handler process creates its task types. */
export type HandlerSettings = z.infer<typeof settings>;

const run = z.object({
  taskType: z.string(),
  payload: z.unknown(),
  taskId: z.string(),
  owner: z.object({ id: z.string(), name: z.string() }),
  attempt: z.number(),
  idempotencyKey: z.string(),
  schedule: z
    .object({
      id: z.string(),
      name: z.string(),
      scheduled_time: z.string(),
      timezone: z.string(),
      previous: z.object({ result: z.unknown(), ended_at: z.string() }).nullable(),
    })
    .optional(),
  /** JSON. */
  checkpoint: z.string().optional(),
});
/** What a handler process needs to run one attempt. */
export type HandlerInput = z.infer<typeof run>;

/**
 * Number of the attempt within its process, so that one attempt's late messages are not taken for the next
 * one's.
 */
const number = z.int();

/** The answer to a request for a secret, without what the task's owner must not learn. */
const secretAnswer = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('found'), value: z.string() }),
  z.object({ kind: z.literal('refused') }),
  z.object({ kind: z.literal('unreadable') }),
]);

export const toHandler = z.discriminatedUnion('type', [
  z.object({ type: z.literal('load'), settings }),
  z.object({ type: z.literal('run'), number, input: run }),
  /** Asks the attempt to stop. The handler can still clean up and report. */
  z.object({ type: z.literal('stop'), number, reason: z.enum(stopReasons), message: z.string() }),
  z.object({ type: z.literal('secret'), number, request: z.int(), answer: secretAnswer }),
]);
export type ToHandler = z.infer<typeof toHandler>;

/** Limited here as well: a handler can send anything, and everything has to fit into Temporal's messages. */
const handlerReport = z.object({
  log: z.array(z.string().max(maxLineBytes)).max(maxLines).optional(),
  progress: z.object({ percent: z.number(), message: z.string().max(1000) }).optional(),
  /** JSON. */
  checkpoint: z.string().max(maxCheckpointBytes).optional(),
});
/**
 * What a running handler reports. Each member has the latest value, and is absent if there is nothing new.
 */
export type HandlerReport = z.infer<typeof handlerReport>;

const failure = z.object({
  type: z.string().max(maxErrorMessageBytes),
  message: z.string().max(maxErrorMessageBytes),
  retryable: z.boolean(),
  retryAfterMs: z.number().optional(),
  /** Whether the handler threw a TaskFailure, which counts even after the soft time limit. */
  deliberate: z.boolean(),
});
export type HandlerFailure = z.infer<typeof failure>;

/** Maximum length of a secret's name, and of the URL that it is for, in characters. */
const maxSecretNameLength = 64;
export const maxSecretUrlLength = 8192;

export const fromHandler = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), types: z.record(z.string(), typeRules) }),
  z.object({ type: z.literal('unusable'), message: z.string() }),
  /** First message of every attempt. A process that an earlier handler blocks doesn't send it. */
  z.object({ type: z.literal('started'), number }),
  z.object({ type: z.literal('report'), number, report: handlerReport }),
  /** `request` is its number within the attempt. */
  z.object({
    type: z.literal('secret'),
    number,
    request: z.int(),
    name: z.string().max(maxSecretNameLength),
    url: z.string().max(maxSecretUrlLength),
  }),
  /** `result` is JSON. */
  z.object({
    type: z.literal('completed'),
    number,
    result: z.string().max(maxResultBytes),
    residentBytes: z.number(),
  }),
  z.object({ type: z.literal('failed'), number, failure, residentBytes: z.number() }),
  /** The process must get no other attempt: it is about to end, or a handler may have damaged its state. */
  z.object({ type: z.literal('leaving') }),
  /** The process is being ended by an earlier handler, not by the running one. */
  z.object({ type: z.literal('ended_by_another') }),
]);
export type FromHandler = z.infer<typeof fromHandler>;
