import type { Logger } from 'pino';
import type { FindSecret } from '../../activities/find-secret.ts';
import { TaskTypesError } from '../../activities/pool/lifetime.ts';
import { type HandlerPool, startPool } from '../../activities/pool/pool.ts';
import { type Config, handlerEnvironment } from '../config.ts';
import { ListFileError } from '../lib/list-file.ts';
import { SetupError } from '../lib/setup-error.ts';
import { openSecrets } from '../secrets/source.ts';
import type { Telemetry } from '../metrics/telemetry.ts';
import { type RunningWorker, startWorker } from '../worker/worker.ts';
import { createLogger } from './log.ts';
import { handlerScript, workflowBundle } from './own-build.ts';
import { measureVersions, type RoleMetrics, startMetrics } from './metrics.ts';
import { logLifecycle, notifyReady } from './parent.ts';
import { untilStopRequested } from './stop.ts';
import { taskModulesError } from './task-modules.ts';
import { temporalConnection } from './temporal.ts';

/** Runs `taskbell worker` until asked to stop, then hands back the attempts that it could not finish. */
export async function runWorker(config: Config): Promise<void> {
  const logger = createLogger(config, 'worker');
  const findSecret = await openSecretsOf(config, logger);
  const metrics = await startMetrics(config, 'worker', logger);
  try {
    await runWith(config, logger, findSecret, metrics);
  } finally {
    await metrics.close();
  }
  logLifecycle(logger, {}, 'worker has stopped');
}

async function runWith(
  config: Config,
  logger: Logger,
  findSecret: FindSecret,
  { telemetry, chooseCoreAddress, url }: RoleMetrics,
): Promise<void> {
  const pool = await startHandlers(config, logger, telemetry);
  try {
    const running = await startWorker({
      connection: temporalConnection(config),
      namespace: config.temporal.namespace,
      taskQueue: config.taskQueue,
      pool,
      findSecret,
      workflowBundle,
      ...config.worker,
      logger,
      telemetry,
      chooseCoreAddress,
    });
    const stopMeasuring = await measureVersions(telemetry, running.probe);
    const { identity } = running;
    logLifecycle(logger, { identity, taskQueue: config.taskQueue, metrics: url }, 'worker is up');
    notifyReady({ metricsUrl: url });
    await untilStopped(running, pool, logger).finally(stopMeasuring);
  } finally {
    await pool.close();
  }
}

async function openSecretsOf({ secretsFile }: Config, logger: Logger): Promise<FindSecret> {
  try {
    return await openSecrets({
      path: secretsFile,
      onError: ({ message }) => logger.error(`secrets: ${message}`),
    });
  } catch (error) {
    if (error instanceof ListFileError) throw new SetupError(error.message, { cause: error });
    throw error;
  }
}

async function startHandlers(config: Config, logger: Logger, telemetry: Telemetry): Promise<HandlerPool> {
  const { dataDir, httpAllowHosts, modules } = config.types;
  try {
    return await startPool({
      entry: handlerScript,
      settings: { dataDir, httpAllowHosts: [...httpAllowHosts], modules: [...modules] },
      environment: handlerEnvironment(),
      concurrency: config.worker.concurrency,
      ...config.handlers,
      logger,
      telemetry,
    });
  } catch (error) {
    if (error instanceof TaskTypesError) throw taskModulesError(error);
    throw error;
  }
}

async function untilStopped(running: RunningWorker, pool: HandlerPool, logger: Logger): Promise<void> {
  try {
    await Promise.race([untilStopRequested(), running.ended, pool.failed]);
    running.stop();
    await running.ended;
  } catch (error) {
    logger.error({ err: error }, 'worker failed, exiting');
    await pool.close();
    // An attempt that could not be ended, or the SDK's native code, could keep the process alive forever.
    process.exit(1);
  }
}
