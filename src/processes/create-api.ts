import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createTaskTypes, loadTaskModules, type TaskTypes } from '../../activities/types/index.ts';
import { createApp } from '../api/app.ts';
import { readAssets } from '../api/assets.ts';
import type { Api } from '../api/types.ts';
import { createGate } from '../auth/gate.ts';
import { deriveKey } from '../auth/keys.ts';
import type { Sockets } from '../bridge/sockets.ts';
import { type Config, ConfigError } from '../config.ts';
import { type Closers, createClosers } from '../lib/closers.ts';
import { createRateLimit, type RateLimit } from '../lib/token-bucket.ts';
import { createScheduleService } from '../schedules/service.ts';
import { createTaskService } from '../tasks/service.ts';
import { createTemporal, type Temporal } from '../temporal/temporal.ts';
import { createFeeds } from './feeds.ts';
import { logCloseErrors } from './log.ts';
import { buildFolder as ownBuildFolder } from './own-build.ts';
import { hasParent, notifyFatal } from './parent.ts';
import { taskModulesError } from './task-modules.ts';
import { warnOfUntriedServer } from './server-version.ts';
import { temporalConnection } from './temporal.ts';
import { measureService } from '../metrics/api.ts';
import type { MetricsPage } from '../metrics/registry.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';
import { measureVersions } from './metrics.ts';

/**
 * Everything that an API process consists of, except for its ports: serving → feeds closed → closed. Its owner closes
 * both, and its listeners in between. Closing never rejects: errors are logged.
 */
export interface ComposedApi {
  /** The HTTP API. `app.request(path, init, {})` works without a port. */
  readonly app: Api;
  /** Accepts the WebSockets of a listener. */
  readonly sockets: Sockets;
  /** Ends all feeds. They would otherwise keep the connections of a listener open. */
  closeFeeds(): Promise<void>;
  /** Closes everything that open requests need. */
  close(): Promise<void>;
}

export interface ApiOptions {
  /** The folder of the build, which has the pages that the API serves. By default, the one that contains this file. */
  readonly buildFolder?: string;
  readonly telemetry?: Telemetry;
  /** Page of the metrics. Served on the API's own port if there is a token for it. */
  readonly page?: (() => Promise<MetricsPage>) | undefined;
}

/**
 * Composes the API from its configuration, without listening. Temporal need not be up.
 * @throws {ConfigError} if a variable that the API needs is missing or wrong. @throws {ListFileError} if a
 * file of accounts is corrupt.
 */
export async function createApi(
  config: Config,
  logger: Logger,
  options: ApiOptions = {},
): Promise<ComposedApi> {
  const closers = createClosers(logCloseErrors(logger));
  try {
    return await compose(config, logger, options, closers);
  } catch (error) {
    await closers.close();
    throw error;
  }
}

async function compose(
  config: Config,
  logger: Logger,
  { buildFolder = ownBuildFolder, telemetry = noTelemetry, page }: ApiOptions,
  closers: Closers,
): Promise<ComposedApi> {
  const { jwtSecret: secret, identityProvider, home, limits } = config;
  if (secret === undefined)
    throw new ConfigError('TASKBELL_JWT_SECRET: must be set; `openssl rand -base64 48` makes one');
  const taskTypes = await createTypes(config);
  const docs = await readAssets(join(buildFolder, 'docs'));
  const dashboard = await readAssets(join(buildFolder, 'dashboard'));
  const onError = (error: unknown): void => logger.error({ err: error }, 'accounts');
  const onRejectedToken = (reason: string): void =>
    logger.warn({ reason }, 'token of the identity provider rejected');
  const onKeyRejected = (key: string, reason: string): void =>
    logger.info({ key, reason }, 'API key rejected');
  const onTooManyEnded = (kind: string, account: string): void =>
    logger.warn({ account }, `too many ended ${kind}: all older ones of the account end, too`);
  const gate = await createGate({
    home,
    secret,
    identityProvider,
    onError,
    onRejectedToken,
    onKeyRejected,
    onTooManyEnded,
    telemetry,
  });
  closers.add(gate.close);
  const temporal = createTemporalOf(config, telemetry);
  closers.add(() => temporal.close());
  void warnOfUntriedServer(temporal, logger);
  temporal.clock.start({
    onError: (error) =>
      logger.warn(
        { err: error },
        "Temporal's clock cannot be read: delays count by the clock of this machine",
      ),
    onDifference: (difference_ms, isNotable) =>
      logger[isNotable ? 'warn' : 'info'](
        { difference_ms },
        isNotable
          ? "this machine's clock differs from Temporal's, by which tasks become due"
          : "this machine's clock and Temporal's agree again",
      ),
  });
  const { webUiUrl } = config;
  const { openTasks: maxOpenTasks, storedMb: maxStoredMb, timeLimit: maxTimeLimit } = limits;
  const tasks = createTaskService({
    temporal,
    taskTypes,
    maxOpenTasks,
    maxStoredMb,
    maxTimeLimit,
    webUiUrl,
    telemetry,
  });
  // Closed before Temporal, which they ask.
  closers.add(measureService(telemetry, tasks.figures));
  closers.add(await measureVersions(telemetry, temporal.probe));
  const { requestsPerMinute } = limits;
  const rate = requestsPerMinute === 0 ? undefined : measuredLimit(requestsPerMinute, telemetry);
  const feeds = createFeeds({ tasks, gate, rate, maxFeeds: limits.feeds, logger, telemetry });
  const app = createApp({
    tasks,
    schedules: createScheduleService({ now: tasks.now }),
    taskTypes,
    localAccounts: gate.localAccounts,
    tickets: gate.tickets,
    authenticate: gate.authenticate,
    docs,
    dashboard,
    cursorKey: deriveKey(secret, 'cursors'),
    onTaskWritten: feeds.look,
    onTaskDeleted: feeds.deleted,
    streams: feeds.streams,
    limits,
    rate,
    logger,
    telemetry,
    metrics: page && config.metrics.token ? { token: config.metrics.token, page } : undefined,
  });
  return { app, sockets: feeds.sockets, closeFeeds: feeds.close, close: closers.close };
}

/** Creates the rate limit of accounts, which counts the requests that it rejects. */
function measuredLimit(requestsPerMinute: number, telemetry: Telemetry): RateLimit {
  const limit = createRateLimit(requestsPerMinute);
  return {
    ...limit,
    take(...request) {
      const taken = limit.take(...request);
      if (!taken.allowed) telemetry.count('taskbell_rate_limited_total', { why: 'requests' });
      return taken;
    },
  };
}

async function createTypes({ types }: Config): Promise<TaskTypes> {
  const { dataDir, httpAllowHosts, modules } = types;
  try {
    return createTaskTypes({
      dataDir,
      httpAllowHosts,
      extra: await loadTaskModules(modules, { onExit: reportExit }),
    });
  } catch (error) {
    throw taskModulesError(error);
  }
}

/** Reports a module that ends the process as it is loaded. Nothing else can: the process is exiting. */
function reportExit(error: Error): void {
  const { message } = taskModulesError(error);
  if (hasParent()) notifyFatal(message);
  else console.error(message);
  process.exitCode = 1;
}

function createTemporalOf(config: Config, telemetry: Telemetry): Temporal {
  return createTemporal({
    connection: temporalConnection(config),
    namespace: config.temporal.namespace,
    taskQueue: config.taskQueue,
    identity: `api ${process.pid}@${hostname()}`,
    telemetry,
  });
}
