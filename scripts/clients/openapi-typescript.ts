/** Uses the types that openapi-typescript writes, with openapi-fetch. */
import createClient from 'openapi-fetch';
import type { paths } from './schema';

declare const process: { readonly env: Readonly<Record<string, string>> };

const client = createClient<paths>({
  baseUrl: process.env['TASKBELL_URL'] ?? '',
  headers: { Authorization: `Bearer ${process.env['TASKBELL_KEY']}` },
});
const body = { name: 'from TypeScript', delay: 3600, payload: { rows: [{ a: 1 }] }, tags: ['ts'] };
const created = await client.POST('/api/tasks', { body });
if (!created.data) throw new Error(created.error?.detail);
const params = { path: { id: created.data.id } };
const { data: task } = await client.GET('/api/tasks/{id}', { params });
if (task?.status !== 'SCHEDULED' || task.waiting?.reason !== 'time') {
  throw new Error(`Unexpected task: ${JSON.stringify(task)}`);
}
const listed = await client.GET('/api/tasks', { params: { query: { status: ['SCHEDULED'], tag: ['ts'] } } });
if (!listed.data) throw new Error(listed.error?.detail);
const cancelled = await client.POST('/api/tasks/{id}/cancel', { params });
if (!cancelled.data) throw new Error(cancelled.error?.detail);
const rejected = await client.POST('/api/tasks', { body: { name: 'without a time' } });
if (rejected.error?.code !== 'validation') throw new Error('A task without a time was created');
console.log('created, read, listed, cancelled');
