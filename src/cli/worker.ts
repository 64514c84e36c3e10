import { fileURLToPath } from 'node:url';
import { createTaskTypes, loadTaskModules } from '../../activities/types/index.ts';
import type { Config } from '../config.ts';
import { startWorker } from '../worker/worker.ts';
import { createLogger } from './log.ts';
import { logLife, notifyReady } from './parent.ts';
import { stopRequested } from './stop.ts';
import { temporalConnection } from './temporal.ts';

/** `taskbell worker`: runs until it is told to stop, then gives back what it could not finish. */
export async function worker(config: Config): Promise<void> {
  const logger = createLogger(config, 'worker');
  const taskTypes = createTaskTypes({
    dataDir: config.types.dataDir,
    httpAllowHosts: config.types.httpAllowHosts,
    extra: await loadTaskModules(config.types.modules),
  });
  const running = await startWorker({
    connection: temporalConnection(config),
    namespace: config.temporal.namespace,
    taskQueue: config.taskQueue,
    taskTypes,
    workflowBundle: fileURLToPath(new URL('../../workflow-bundle.js', import.meta.url)),
    ...config.worker,
    logger,
  });
  logLife(logger, { identity: running.identity, taskQueue: config.taskQueue }, 'worker is up');
  notifyReady();
  try {
    await Promise.race([stopRequested(), running.ended]);
    running.stop();
    await running.ended;
  } catch (error) {
    logger.error({ err: error }, 'worker gives up; a handler that ignores its signal is left behind');
    // Such a handler, or the SDK's native half, may keep the process alive for ever.
    process.exit(1);
  }
  logLife(logger, {}, 'worker has stopped');
}
