/** OpenAPI components shared by all routes: error responses by status, with an example for each code. */
import { STATUS_CODES } from 'node:http';
import type { ErrorCode } from '../contract/errors.ts';
import { problem } from '../contract/problem.ts';
import { feedMessage } from '../contract/task.ts';
import { statusOf } from './problem.ts';
import type { Api } from './types.ts';

const descriptions = {
  400: 'The request is malformed, or fields are invalid: `errors[]` lists them.',
  401: 'Not signed in, or the token has expired.',
  403: 'Not allowed: the API key lacks the scope, the session’s `X-CSRF-Token` is missing, or the filter is only for admins.',
  404: 'The resource does not exist, or belongs to another account.',
  409: 'The task’s state does not allow this.',
  410: 'The task of the `Idempotency-Key` has been deleted.',
  412: 'The task has changed since the version in `If-Match`.',
  413: 'The request body is too large, or has too many values.',
  415: 'The request body is not `application/json`, or is compressed.',
  422: 'The `Idempotency-Key` was used before with another body.',
  429: 'Too many requests, too many unfinished tasks, or too much data. `Retry-After` says when to try again.',
  431: 'The headers or the URL are larger than 16 KiB. Sent before anything else is read, and without a body.',
  500: 'Internal error. The log has the cause, under the `request_id`.',
  503: 'Temporal, a worker, the identity provider or a file of the accounts is not available. `Retry-After` says when to try again.',
} as const;

export type ProblemStatus = keyof typeof descriptions;

/** An example of the `detail` of each code. */
const details: Readonly<Record<ErrorCode, string>> = {
  malformed_request: 'JSON parse error: the body is not JSON in UTF-8.',
  validation: 'The request is invalid.',
  not_authenticated: 'Authentication credentials were not provided.',
  token_not_valid: 'Given token not valid for any token type',
  no_active_account: 'No active account found with the given credentials',
  forbidden: 'This API key does not have the scope "write".',
  csrf_failed: 'X-CSRF-Token is missing or does not match the session.',
  not_found: 'No Task matches the given query.',
  method_not_allowed: 'Method "PUT" not allowed.',
  wrong_state: 'Task has ended (COMPLETED) and cannot be cancelled',
  task_deleted: 'The task of this Idempotency-Key has been deleted. Send another key to create a task.',
  stale_version: 'The task has changed since the version in If-Match.',
  payload_too_large: 'The request body is larger than 1048576 bytes.',
  unsupported_media_type: 'Send application/json.',
  key_reused: 'This Idempotency-Key was used before with another body.',
  too_many_requests: 'More than 6000 requests a minute.',
  too_many_tasks: 'The owner already has 100000 unfinished tasks; no more can be created.',
  too_much_data:
    'The owner has used up its 10240 MB for payloads and descriptions. Send less, or try again later.',
  internal: 'Something went wrong on our side.',
  no_worker: 'No worker took the change in time. Read the task before you try again.',
  identity_provider_unavailable: 'The identity provider cannot be reached.',
  accounts_unavailable: 'A file of the accounts is locked by another process. Try again.',
  temporal_unavailable: 'Temporal cannot be reached at the moment.',
};

// Not an interface: OpenAPI's types need an index signature, which TypeScript infers only for a type alias.
type Header = {
  readonly description: string;
  readonly schema: { readonly type: 'string' };
  readonly example: string;
  /** Whether every response of this kind has the header. */
  readonly required?: boolean;
};

const header = (description: string, example: string): Header => ({
  description,
  schema: { type: 'string' },
  example,
});
const requestId = '5f0c7a2e-3c77-4b6e-9f5e-0f8f6c6d1c7b';

/** Shared response headers, by name. */
const shared = {
  'X-Request-Id': header('Identifies the request in the log.', requestId),
  RateLimit: header(
    'Requests left (`r`), and seconds until the full allowance is restored (`t`).',
    '"default";r=5999;t=1',
  ),
  'RateLimit-Policy': header('The allowance: `q` requests in `w` seconds.', '"default";q=6000;w=60'),
};
const refTo = (name: keyof typeof shared) => ({ [name]: { $ref: `#/components/headers/${name}` } });

/** Returns the headers of every response. @param limited Whether requests count against the rate limit, if any. */
export function commonHeaders({ limited }: { limited: boolean }): Record<string, { $ref: string }> {
  const rate = limited ? { ...refTo('RateLimit'), ...refTo('RateLimit-Policy') } : {};
  return { ...refTo('X-Request-Id'), ...rate };
}

const retryAfter = {
  'Retry-After': { ...header('Seconds to wait before trying again.', '5'), required: true },
};
const headers: Readonly<Partial<Record<ProblemStatus, Record<string, Header | { $ref: string }>>>> = {
  401: {
    'WWW-Authenticate': { ...header('The authentication scheme.', 'Bearer realm="api"'), required: true },
  },
  429: { ...retryAfter, ...commonHeaders({ limited: true }) },
  503: retryAfter,
};

/** Returns the name of a status's component, such as `NotFound`. */
export function problemName(status: ProblemStatus): string {
  return (STATUS_CODES[status] ?? 'Problem').replaceAll(/[^A-Za-z]/g, '');
}

export function registerComponents({ openAPIRegistry: registry }: Api): void {
  registry.register('Problem', problem);
  registry.register('FeedMessage', feedMessage);
  for (const [name, value] of Object.entries(shared)) registry.registerComponent('headers', name, value);
  for (const [key, description] of Object.entries(descriptions)) {
    const status = Number(key) as ProblemStatus;
    if (status === 431) {
      registry.registerComponent('responses', problemName(status), { description });
      continue;
    }
    registry.registerComponent('responses', problemName(status), {
      description,
      headers: { ...commonHeaders({ limited: false }), ...headers[status] },
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: examplesOf(status),
        },
      },
    });
  }
  registry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An access token, or an API key (`tb_…`).',
  });
  registry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'taskbell_session',
    description:
      'A dashboard session (over https: `__Host-taskbell_session`). Requests that write also need `X-CSRF-Token`.',
  });
}

function examplesOf(status: ProblemStatus) {
  const codes = (Object.keys(details) as ErrorCode[]).filter((code) => statusOf[code] === status);
  return Object.fromEntries(
    codes.map((code) => {
      const errors = code === 'validation' ? { errors: [invalidName] } : {};
      const title = STATUS_CODES[status] ?? '';
      const value = { type: 'about:blank', title, status, detail: details[code], code, ...errors };
      return [code, { value: { ...value, request_id: requestId } }];
    }),
  );
}

const invalidName = { pointer: '/name', message: 'This field may not be blank.' };
