/** Descriptions of responses, by reference to components that src/api/components.ts defines once. */
import type { z } from '@hono/zod-openapi';
import { noAccountsExample } from '../contract/examples.ts';
import { problem } from '../contract/problem.ts';
import { type ProblemStatus, problemName } from './components.ts';

/**
 * Returns the problem documents that a route can respond with. Where sign-in is required (401), the caller can also lack
 * a scope (403), send too many requests (429), or find the identity provider unavailable (503).
 */
export function problems<S extends ProblemStatus>(...statuses: S[]) {
  const all = new Set<ProblemStatus>([...statuses, 431, 500]);
  if (all.has(401)) for (const status of [403, 429, 503] as const) all.add(status);
  const entries = [...all]
    .toSorted((a, b) => a - b)
    .map((status) => [status, { $ref: `#/components/responses/${problemName(status)}` }]);
  return Object.fromEntries(entries) as Record<S, { $ref: string }>;
}

/** Response of routes that need local accounts when an identity provider has the accounts. */
export const noLocalAccounts = {
  404: {
    description: 'An identity provider has the accounts and issues the tokens.',
    content: { 'application/problem+json': { schema: problem, example: noAccountsExample } },
  },
};

/** Describes a JSON response. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** Security requirement: the cookie of a session. */
export const sessionRequired = [{ cookie: [] }];

/** Security requirement: an access token, an API key, or the cookie of a session. */
export const signInRequired = [{ bearer: [] }, { cookie: [] }];
