// A worker process with the bare workflow and its activity. It reads the same variables as `taskbell worker`.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

const { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TASKBELL_TASK_QUEUE } = process.env;
const { TASKBELL_WORKER_CONCURRENCY, BARE_WORKFLOW_BUNDLE } = process.env;
const concurrency = Number(TASKBELL_WORKER_CONCURRENCY);

// What the SDK does by itself, with the options that people set: how many activities run at a time, the log, and limits. Not
// what Taskbell's worker has found to save CPU time since (docs/performance.md, "What is compared"): workflows without a
// time limit, short stack traces, modules that workflows share. Its heartbeats come once a minute, ours every five seconds.
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
  // As many pollers as by default.
  activityTaskPollerBehavior: { type: 'simple-maximum', maximum: Math.min(concurrency, 10) },
  workflowTaskPollerBehavior: { type: 'simple-maximum', maximum: 10 },
  // By default 40.
  maxConcurrentWorkflowTaskExecutions: 100,
  // By default more, about half as many as the heap has megabytes; ours keeps 200. The 300 that are due at once fit.
  maxCachedWorkflows: 500,
  // By default a minute and half of one.
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
