/** Examples shown in the OpenAPI document. Tests check each against its schema. */
import { defaultSoftTimeLimit, defaultTimeLimit } from './limits.ts';
import { defaultRetryPolicy } from './retry-policy.ts';

const id = '6bb2a102-cc8f-401b-a395-3243464ca175';
const owner = '0d9c5a7e-4a7c-4a53-9b55-0b8f3a0b9a11';
const run_id = '01a21744-428c-7c12-9ecd-ffb4868a65de';
const payload = { csv: 'city,temp\nOslo,3\nRome,17\n' };

export const newTaskExample = {
  name: 'Nightly summary',
  scheduled_time: '2030-01-31T09:30:00Z',
  type: 'process-data',
  payload,
  tags: ['nightly'],
};

export const summaryExample = {
  id,
  name: 'Nightly summary',
  description: '',
  type: 'process-data',
  status: 'SCHEDULED' as const,
  waiting: { reason: 'time' as const, until: '2030-01-31T09:30:00.000Z' },
  progress: null,
  scheduled_time: '2030-01-31T09:30:00.000Z',
  tags: ['nightly'],
  priority: 3,
  retry: defaultRetryPolicy,
  soft_time_limit: defaultSoftTimeLimit,
  time_limit: defaultTimeLimit,
  after: [],
  after_policy: 'completed' as const,
  attempt: 0,
  retry_count: 0,
  max_retries: defaultRetryPolicy.max_retries,
  result: null,
  error_message: null,
  created_at: '2030-01-30T18:00:00.000Z',
  run_created_at: '2030-01-30T18:00:00.020Z',
  updated_at: '2030-01-30T18:00:00.000Z',
  started_at: null,
  finished_at: null,
  version: 1,
  owner,
  schedule: null,
  links: { self: `/api/tasks/${id}/`, events: `/api/tasks/${id}/events/` },
};

export const attemptExample = {
  attempt: 1,
  started_at: '2030-01-31T09:30:00.120Z',
  finished_at: '2030-01-31T09:30:00.480Z',
  worker: '4711@worker-1',
  outcome: 'completed' as const,
  error: null,
  log: ['2 rows'],
};

export const taskExample = {
  ...summaryExample,
  status: 'COMPLETED' as const,
  waiting: null,
  attempt: 1,
  result: { message: 'Data processed successfully', rows: 2 },
  updated_at: '2030-01-31T09:30:00.500Z',
  started_at: attemptExample.started_at,
  finished_at: '2030-01-31T09:30:00.500Z',
  version: 2,
  payload,
  attempts: [attemptExample],
};

/** The task right after its creation. */
export const createdTaskExample = { ...summaryExample, payload, attempts: [] };

export const editExample = { scheduled_time: '2030-02-01T09:30:00Z', priority: 1 };

export const referenceExample = { id, status: 'SCHEDULED' as const };
export const replaceExample = { name: 'Nightly summary', scheduled_time: '2030-02-01T09:30:00Z' };

export const statusExample = {
  id,
  status: 'RUNNING' as const,
  result: null,
  error_message: null,
  created_at: '2030-01-30T18:00:00.000Z',
  run_created_at: '2030-01-30T18:00:00.020Z',
  updated_at: '2030-01-31T09:30:00.100Z',
  waiting: null,
  progress: { percent: 40, message: 'row 400 of 1000' },
  attempt: 1,
  retry_count: 0,
  version: 3,
};

export const countsExample = {
  counts: { SCHEDULED: 12, PENDING: 0, RUNNING: 2, COMPLETED: 981, FAILED: 4, CANCELLED: 1 },
  total: 1000,
};

export const overviewExample = {
  now: '2030-01-31T09:32:10.250Z',
  from: '2030-01-31T08:35:00.000Z',
  to: '2030-01-31T09:35:00.000Z',
  bucket_seconds: 300,
  buckets: [
    {
      from: '2030-01-31T08:35:00.000Z',
      completed: 120,
      failed: 1,
      cancelled: 2,
      lateness: { count: 43, sampled: true, p50: 0.031, p95: 0.12, max: 0.48 },
    },
    { from: '2030-01-31T08:40:00.000Z', completed: 0, failed: 0, cancelled: 0, lateness: null },
  ],
  due: {
    from: '2030-01-31T09:32:10.250Z',
    bucket_seconds: 300,
    counts: [3, 0, 0, 0, 0, 12, 0, 0, 0, 0, 0, 1],
    total: 16,
  },
  workers: [
    {
      identity: '4711@worker-1',
      last_seen_at: '2030-01-31T09:32:08.100Z',
      started_at: '2030-01-30T18:00:00.000Z',
      attempts: { used: 1, available: 3, completed: 981, failed: 4 },
    },
  ],
  temporal: { latency_ms: 1.4, server_version: '1.29.1', namespace: 'default' },
};

export const historyExample = {
  at: '2030-01-30T19:00:00.000Z',
  type: 'rescheduled' as const,
  run_id,
  by: { id: owner, name: 'alice' },
  changes: [{ field: 'scheduled_time', from: '2030-01-31T09:30:00.000Z', to: '2030-02-01T09:30:00.000Z' }],
};

export const feedExample = { ...summaryExample, type: 'task' as const, task_type: summaryExample.type };

const rejection = {
  status: 400,
  code: 'validation',
  detail: 'The task is invalid.',
  errors: [{ pointer: '/name', message: 'This field is required.' }],
};

export const bulkExample = { tasks: [newTaskExample, { name: 'In a minute', delay: 60 }] };
export const bulkResultsExample = { results: [{ status: 201 as const, task: summaryExample }, rejection] };

export const actionsExample = {
  action: 'cancel' as const,
  filter: { tag: ['nightly'], status: ['SCHEDULED' as const] },
  dry_run: false,
};
export const actionResultsExample = {
  results: [
    { id, status: 200, task: { ...summaryExample, status: 'CANCELLED' as const, waiting: null } },
    {
      id: 'f3a7a1f0-4a0f-4f0e-8a3c-2f1f5f0e9d10',
      status: 409,
      code: 'wrong_state',
      detail: 'Task has ended (COMPLETED) and cannot be cancelled',
    },
  ],
};

export const problemExample = {
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  detail: 'The request is invalid.',
  code: 'validation',
  errors: rejection.errors,
  request_id: '5f0c7a2e-3c77-4b6e-9f5e-0f8f6c6d1c7b',
};

export const noAccountsExample = {
  type: 'about:blank',
  title: 'Not Found',
  status: 404,
  detail: 'Tokens are issued by the identity provider, not by this service.',
  code: 'not_found',
  request_id: problemExample.request_id,
};

const jwt = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl';
export const signInExample = { username: 'alice', password: 'correct horse battery staple' };
export const tokenPairExample = { access: jwt, refresh: jwt };
export const refreshExample = { refresh: jwt };
export const accessTokenExample = { access: jwt };
export const ticketExample = { ticket: jwt };
export const sessionExample = {
  account: { id: owner, name: 'alice', role: 'user' as const },
  csrf_token: 'pYt0fJ1q3v8mB2hK6c9dXw',
  expires_at: '2030-01-31T06:00:00.000Z',
};

export const taskTypeExample = {
  name: 'process-data',
  description: 'Summarises rows of data: types, ranges and the most frequent values of each column.',
  payload: { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
};

export const whenExample = { cron: ['30 2 * * MON-FRI'], timezone: 'Europe/Oslo' };

export const previewExample = {
  next: [{ at: '2030-01-31T01:30:00.000Z', local: '2030-01-31T02:30:00+01:00', dst: null }],
  skipped: [],
  words: 'Every weekday at 02:30, Oslo time',
  min_gap: 86_400,
  timezone: 'Europe/Oslo',
  warnings: [],
};
