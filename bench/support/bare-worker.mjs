// A worker process with the bare workflow and its activity. It reads the same variables as `taskbell worker`.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TASKBELL_TASK_QUEUE } = process.env;
const { TASKBELL_WORKER_CONCURRENCY, BARE_WORKFLOW_BUNDLE } = process.env;
const concurrency = Number(TASKBELL_WORKER_CONCURRENCY);

// Runtime and worker options are those of src/worker/worker.ts: only what the worker runs may differ.
Runtime.install({
  logger: new DefaultLogger('WARN'),
  shutdownSignals: [],
  telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } } },
});
const connection = await NativeConnection.connect({ address: TEMPORAL_ADDRESS });
const worker = await Worker.create({
  connection,
  namespace: TEMPORAL_NAMESPACE,
  taskQueue: TASKBELL_TASK_QUEUE,
  workflowBundle: { codePath: BARE_WORKFLOW_BUNDLE },
  activities: { answer: async ({ rows }) => ({ message: `${rows.length} rows processed` }) },
  maxConcurrentActivityTaskExecutions: concurrency,
  activityTaskPollerBehavior: { type: 'simple-maximum', maximum: Math.min(concurrency, 10) },
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
  maxConcurrentWorkflowTaskExecutions: 100,
  maxCachedWorkflows: 500,
  maxHeartbeatThrottleInterval: '500ms',
  defaultHeartbeatThrottleInterval: '500ms',
});
process.once('SIGTERM', () => worker.shutdown());
process.once('disconnect', () => worker.shutdown());
process.send({ type: 'ready' });
await worker.run();
await connection.close();
// Otherwise the channel to the parent would keep the process alive.
process.exit();
