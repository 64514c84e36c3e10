/** A task's retry policy: how often and how soon it is retried after a handler's failure. */
import { z } from 'zod';

const maxSeconds = 365 * 86_400;

const interval = z.number().min(0.1).max(maxSeconds);

/** Fields of a retry policy, without their defaults. */
export const retryFields = {
  max_retries: z.int().min(0).max(100),
  initial_interval: interval.meta({ description: 'Delay before the first retry, in seconds.' }),
  backoff_coefficient: z.number().min(1).max(100),
  maximum_interval: interval.meta({ description: 'Upper limit of the exponential delay, in seconds.' }),
};

/** Retry policy of a task that is created without one, and the value of each field that a given one omits. */
export const defaultRetryPolicy = {
  max_retries: 3,
  initial_interval: 60,
  backoff_coefficient: 2,
  maximum_interval: 3600,
} as const;

export const retryPolicy = z
  .strictObject({
    max_retries: retryFields.max_retries.default(defaultRetryPolicy.max_retries),
    initial_interval: retryFields.initial_interval.default(defaultRetryPolicy.initial_interval),
    backoff_coefficient: retryFields.backoff_coefficient.default(defaultRetryPolicy.backoff_coefficient),
    maximum_interval: retryFields.maximum_interval.default(defaultRetryPolicy.maximum_interval),
  })
  .meta({ id: 'RetryPolicy', description: 'How often and how soon a failed attempt is retried.' });
export type RetryPolicy = Readonly<z.infer<typeof retryPolicy>>;
