/** Uses the client that OpenAPI Generator writes for TypeScript and `fetch`. */
import {
  CommandsApi,
  Configuration,
  OverviewApi,
  ResponseError,
  TasksApi,
  TaskStatus,
} from './client/index.js';

declare const process: { readonly env: Readonly<Record<string, string>> };

const configuration = new Configuration({
  basePath: process.env['TASKBELL_URL'] ?? '',
  accessToken: process.env['TASKBELL_KEY'] ?? '',
});
const tasks = new TasksApi(configuration);
const tags = new Set(['ts']);
const createTask = { name: 'from TypeScript', delay: 3600, payload: { rows: [{ a: 1 }] }, tags };
const { id } = await tasks.createTask({ createTask });
const task = await tasks.readTask({ id });
if (task.status !== TaskStatus.Scheduled || task.tags[0] !== 'ts' || task.waiting?.reason !== 'time') {
  throw new Error(`Unexpected task: ${JSON.stringify(task)}`);
}
await tasks.listTasks({ status: [TaskStatus.Scheduled], tag: ['ts'] });
await tasks.readTaskHistory({ id });
await new CommandsApi(configuration).cancelTask({ id });
await new OverviewApi(configuration).getOverview();
const rejected = await tasks.createTask({ createTask: { name: 'without a time' } }).catch((error) => error);
if (!(rejected instanceof ResponseError) || rejected.response.status !== 400) throw rejected;
console.log('created, read, listed, cancelled');
