/** How answers are described: by reference to components that src/api/components.ts defines once. */
import type { z } from '@hono/zod-openapi';
import { noAccountsExample } from '../contract/examples.ts';
import { problem } from '../contract/problem.ts';
import { type ProblemStatus, problemName } from './components.ts';

/**
 * The problem documents that a route may answer with. Whoever has to sign in may also lack a scope, ask too often, or come
 * while the identity provider is away.
 */
export function problems<S extends ProblemStatus>(...statuses: S[]) {
  const all = new Set<ProblemStatus>([...statuses, 431, 500]);
  if (all.has(401)) for (const status of [403, 429, 503] as const) all.add(status);
  const entries = [...all]
    .toSorted((a, b) => a - b)
    .map((status) => [status, { $ref: `#/components/responses/${problemName(status)}` }]);
  return Object.fromEntries(entries) as Record<S, { $ref: string }>;
}

/** The refusal of routes that need accounts of our own. */
export const noAccountsHere = {
  404: {
    description: 'The accounts are an identity provider’s: it issues the tokens.',
    content: { 'application/problem+json': { schema: problem, example: noAccountsExample } },
  },
};

/** A JSON answer. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** By an access token or an API key, or by the cookie of a session. */
export const signedIn = [{ bearer: [] }, { cookie: [] }];
