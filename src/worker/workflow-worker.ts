import { Worker } from '@temporalio/worker';

/**
 * The SDK's worker, without its limit on how long workflow code may run at a time. The limit is a thread that Node.js
 * creates and ends for each call into a workflow, a dozen for each workflow task: 0.1 ms of CPU time for each call, and 2 µs
 * without. It guards against code that never ends; ours has no loop without a wait or a bound.
 */
export class WorkflowWorker extends Worker {
  protected static override createWorkflowCreator(
    ...[bundle, options, logger]: Parameters<(typeof Worker)['createWorkflowCreator']>
  ): ReturnType<(typeof Worker)['createWorkflowCreator']> {
    // Node.js takes undefined for no limit, which the SDK's types do not offer.
    const unlimited = { ...options, isolateExecutionTimeoutMs: undefined as unknown as number };
    return super.createWorkflowCreator(bundle, unlimited, logger);
  }
}
