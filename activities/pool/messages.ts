/**
 * What a worker and its handler processes say to each other. Texts of JSON travel as texts: they were measured in that
 * form, and are parsed only where they are needed.
 */
import { z } from 'zod';
import { maxCheckpointBytes, maxErrorMessageBytes, maxResultBytes } from '../../src/contract/limits.ts';
import { stopReasons } from '../types/define.ts';

const limits = z.object({ softTimeLimit: z.boolean(), timeLimit: z.boolean(), memoryLimit: z.boolean() });

/** What the worker has to know of a task type, since it outlives the process that runs its handlers. */
const typeRules = z.object({
  /** Which of the limits the task's retry policy applies to. */
  retryOn: limits,
  /** How long a handler may clean up after a cancellation. */
  cleanupMs: z.number(),
});
export type TypeRules = z.infer<typeof typeRules>;

const settings = z.object({
  dataDir: z.string().optional(),
  httpAllowHosts: z.array(z.string()),
  modules: z.array(z.string()),
});
/** Where a handler process has its task types from. */
export type HandlerSettings = z.infer<typeof settings>;

const run = z.object({
  taskType: z.string(),
  payload: z.unknown(),
  taskId: z.string(),
  owner: z.object({ id: z.string(), name: z.string() }),
  attempt: z.number(),
  idempotencyKey: z.string(),
  /** JSON. */
  checkpoint: z.string().optional(),
});
/** One attempt, as far as its handler is concerned. */
export type HandlerInput = z.infer<typeof run>;

/** Counts a process's attempts, so that late words of one are not taken for those of the next. */
const number = z.int();

export const toHandler = z.discriminatedUnion('type', [
  z.object({ type: z.literal('load'), settings }),
  z.object({ type: z.literal('run'), number, input: run }),
  /** The attempt is to stop; the handler may still clean up, and report. */
  z.object({ type: z.literal('stop'), number, reason: z.enum(stopReasons), message: z.string() }),
]);
export type ToHandler = z.infer<typeof toHandler>;

/** Bounded here as well: a handler may send what it likes, and all of it would have to fit into Temporal's messages. */
const told = z.object({
  log: z.array(z.string().max(64 * 1024)).optional(),
  progress: z.object({ percent: z.number(), message: z.string().max(1000) }).optional(),
  /** JSON. */
  checkpoint: z.string().max(maxCheckpointBytes).optional(),
});
/** What a running handler has to say; each member stands for the latest, and is absent where nothing is new. */
export type Told = z.infer<typeof told>;

const failure = z.object({
  type: z.string().max(maxErrorMessageBytes),
  message: z.string().max(maxErrorMessageBytes),
  retryable: z.boolean(),
  retryAfterMs: z.number().optional(),
  /** The thrower said what it is, so a stop that was asked for does not explain it away. */
  deliberate: z.boolean(),
});
export type HandlerFailure = z.infer<typeof failure>;

export const fromHandler = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), types: z.record(z.string(), typeRules) }),
  z.object({ type: z.literal('unusable'), message: z.string() }),
  /** The first word of every attempt: a process that an earlier handler blocks says nothing. */
  z.object({ type: z.literal('begun'), number }),
  z.object({ type: z.literal('told'), number, told }),
  /** `result` is JSON. */
  z.object({
    type: z.literal('completed'),
    number,
    result: z.string().max(maxResultBytes),
    residentBytes: z.number(),
  }),
  z.object({ type: z.literal('failed'), number, failure, residentBytes: z.number() }),
  /** It must not be given another attempt: it is about to end, or an earlier handler has done something to it. */
  z.object({ type: z.literal('leaving') }),
  /** It ends by the doing of an earlier handler, not of the one that runs. */
  z.object({ type: z.literal('ended_by_another') }),
]);
export type FromHandler = z.infer<typeof fromHandler>;
