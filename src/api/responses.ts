import type { z } from '@hono/zod-openapi';
import { problem } from '../contract/problem.ts';

const problemContent = { 'application/problem+json': { schema: problem } };

const descriptions = {
  400: 'The request is malformed, or a field is wrong: `errors[]` says which.',
  401: 'Not signed in, or the token has expired.',
  403: 'Not allowed: an API key without the scope, or a session without its X-CSRF-Token.',
  404: "There is no such task, or it is somebody else's.",
  409: 'The task is in the wrong state for this.',
  412: 'The task has changed since the version that If-Match names.',
  413: 'The request body is too large.',
  415: 'The request body is not application/json.',
  422: 'The Idempotency-Key was used before with another body.',
  429: 'Too many requests, or unfinished tasks; Retry-After says when to try again.',
  503: 'Temporal, a worker or the identity provider cannot be reached; Retry-After says when to try again.',
} as const;

type ProblemStatus = keyof typeof descriptions;

/**
 * The problem documents that a route may answer with. Whoever has to sign in may also lack a scope, ask too often, or come
 * while the identity provider is away.
 */
export function problems<S extends ProblemStatus>(...statuses: S[]) {
  const all = new Set<ProblemStatus>(statuses);
  if (all.has(401)) for (const status of [403, 429, 503] as const) all.add(status);
  const entries = [...all]
    .toSorted((a, b) => a - b)
    .map((status) => [status, { description: descriptions[status], content: problemContent }]);
  return Object.fromEntries(entries) as Record<S, { description: string; content: typeof problemContent }>;
}

/** The refusal of routes that need accounts of our own. */
export const noAccountsHere = {
  404: {
    description: 'The accounts are an identity provider’s: it issues the tokens.',
    content: problemContent,
  },
};

/** A JSON answer. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}
