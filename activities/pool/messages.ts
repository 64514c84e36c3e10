/**
 * What a worker and its handler processes say to each other. Texts of JSON travel as texts: they were measured in that
 * form, and are parsed only where they are needed.
 */
import { z } from 'zod';
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

export const toHandler = z.discriminatedUnion('type', [
  z.object({ type: z.literal('load'), settings }),
  z.object({ type: z.literal('run'), input: run }),
  /** The attempt is to stop; the handler may still clean up, and report. */
  z.object({ type: z.literal('stop'), reason: z.enum(stopReasons), message: z.string() }),
]);
export type ToHandler = z.infer<typeof toHandler>;

const told = z.object({
  log: z.array(z.string()).optional(),
  progress: z.object({ percent: z.number(), message: z.string() }).optional(),
  /** JSON. */
  checkpoint: z.string().optional(),
});
/** What a running handler has to say; each member stands for the latest, and is absent where nothing is new. */
export type Told = z.infer<typeof told>;

const failure = z.object({
  type: z.string(),
  message: z.string(),
  retryable: z.boolean(),
  retryAfterMs: z.number().optional(),
  /** The thrower said what it is, so a stop that was asked for does not explain it away. */
  deliberate: z.boolean(),
});
export type HandlerFailure = z.infer<typeof failure>;

export const fromHandler = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready'), types: z.record(z.string(), typeRules) }),
  z.object({ type: z.literal('unusable'), message: z.string() }),
  z.object({ type: z.literal('told'), told }),
  /** `result` is JSON. */
  z.object({ type: z.literal('completed'), result: z.string(), residentBytes: z.number() }),
  z.object({ type: z.literal('failed'), failure, residentBytes: z.number() }),
  /** It is about to end its process, and can do nothing more. */
  z.object({ type: z.literal('leaving') }),
]);
export type FromHandler = z.infer<typeof fromHandler>;
