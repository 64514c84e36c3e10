import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { createTaskTypes, loadTaskModules } from '../../activities/types/index.ts';
import { createApp } from '../api/app.ts';
import { type Assets, readAssets } from '../api/assets.ts';
import { problemOf } from '../api/problem.ts';
import { listen, type Listener } from '../api/server.ts';
import { createGate } from '../auth/gate.ts';
import { deriveKey } from '../auth/keys.ts';
import { createAdmission } from '../bridge/admission.ts';
import { createHub, type Hub } from '../bridge/hub.ts';
import { createPoller, type Poller } from '../bridge/poller.ts';
import { createSockets } from '../bridge/sockets.ts';
import { createStreams } from '../bridge/streams.ts';
import { type Config, ConfigError } from '../config.ts';
import type { TaskFilter } from '../contract/filter.ts';
import type { Actor } from '../resources/actor.ts';
import { createRateLimit } from '../lib/token-bucket.ts';
import { createTaskService } from '../tasks/service.ts';
import { createLogger } from './log.ts';
import { logLifecycle, notifyReady } from './parent.ts';
import { untilStopRequested } from './stop.ts';
import { createTemporal } from '../temporal/temporal.ts';
import { temporalConnection } from './temporal.ts';

/** Runs `taskbell api`: HTTP and sockets, until asked to stop. Without Temporal it stays up, but not ready. */
export async function api(config: Config): Promise<void> {
  const logger = createLogger(config, 'api');
  const closers: (() => Promise<void> | void)[] = [];
  try {
    const listeners = await start(config, logger, closers);
    logLifecycle(logger, { urls: listeners.map(({ url }) => url) }, 'api is up');
    notifyReady({ url: listeners[0]?.url ?? '' });
    await untilStopRequested();
  } finally {
    await closeAll(closers, logger);
    logLifecycle(logger, {}, 'api has stopped');
  }
}

/** Closes in the reverse order of starting. An error in one must not keep the others open. */
async function closeAll(closers: readonly (() => Promise<void> | void)[], logger: Logger): Promise<void> {
  for (const close of closers.toReversed()) {
    try {
      await close();
    } catch (error) {
      logger.error({ err: error }, 'failed to close a component');
    }
  }
}

async function start(
  config: Config,
  logger: Logger,
  closers: (() => Promise<void> | void)[],
): Promise<Listener[]> {
  const { jwtSecret: secret } = config;
  if (secret === undefined)
    throw new ConfigError('TASKBELL_JWT_SECRET: must be set; `openssl rand -base64 48` makes one');
  const taskTypes = createTaskTypes({
    dataDir: config.types.dataDir,
    httpAllowHosts: config.types.httpAllowHosts,
    extra: await loadTaskModules(config.types.modules),
  });
  const { authenticate, tickets, standing, localAccounts, ...gate } = await createGate({
    home: config.home,
    secret,
    identityProvider: config.identityProvider,
    onError: (error) => logger.error({ err: error }, 'accounts'),
  });
  closers.push(gate.close);
  const temporal = createTemporal({
    connection: temporalConnection(config),
    namespace: config.temporal.namespace,
    taskQueue: config.taskQueue,
    identity: `api ${process.pid}@${hostname()}`,
  });
  const tasks = createTaskService({
    temporal,
    taskTypes,
    maxOpenTasks: config.limits.openTasks,
    webUiUrl: config.webUiUrl,
  });
  closers.push(() => temporal.close());
  const { hub, poller } = createFeed(tasks, logger);
  async function lookAtUnderWay(actor: Actor, filter: TaskFilter): Promise<void> {
    try {
      for (const id of await tasks.underWay(actor, filter)) poller.look(id);
    } catch (error) {
      // Not fatal: each of these tasks reaches the feed with its next change.
      logger.warn({ err: error }, 'failed to list the tasks under way');
    }
  }
  const { requestsPerMinute } = config.limits;
  const rate = requestsPerMinute === 0 ? undefined : createRateLimit(requestsPerMinute);
  const sockets = createSockets({
    hub,
    admit: createAdmission({ authenticate, tickets, rate }),
    observeAs: tasks.observeAs,
    visibleTo: tasks.visibleTo,
    onFollow: (actor, filter) => void lookAtUnderWay(actor, filter),
    isCurrent: standing.holds,
    problemOf,
    logger,
  });
  const streams = createStreams({ hub, observeAs: tasks.observeAs, isCurrent: standing.holds });
  standing.onChange(() => {
    for (const watching of [sockets, streams]) watching.dismiss();
  });
  const app = createApp({
    tasks,
    taskTypes,
    localAccounts,
    tickets,
    authenticate,
    docs: await filesOf('docs'),
    dashboard: await filesOf('dashboard'),
    cursorKey: deriveKey(secret, 'cursors'),
    onTaskWritten: poller.look,
    onTaskDeleted: hub.deleted,
    streams,
    limits: config.limits,
    rate,
    logger,
  });
  const ports = [config.port, ...(config.webSocketPort === undefined ? [] : [config.webSocketPort])];
  const listeners: Listener[] = [];
  for (const port of ports) {
    const listener = await listen(app, sockets, { host: config.host, port });
    listeners.push(listener);
    closers.push(() => listener.close());
  }
  // Closed in reverse order: the watchers, then the poller that feeds them, then the listeners, then what open
  // requests need.
  closers.push(
    () => poller.close(),
    () => sockets.close(),
    () => streams.close(),
  );
  return listeners;
}

/** Returns the files that the build put into a folder of dist/. */
function filesOf(folder: string): Promise<Assets> {
  return readAssets(fileURLToPath(new URL(`../../${folder}`, import.meta.url)));
}

/** Creates hub and poller, which need each other: the first watcher wakes the poller, which feeds the hub. */
function createFeed(
  tasks: Parameters<typeof createPoller>[0]['source'],
  logger: Logger,
): { hub: Hub; poller: Poller } {
  const feed: { poller?: Poller } = {};
  const hub = createHub({ onFirst: () => feed.poller?.wake() });
  const poller = createPoller({ hub, source: tasks, logger });
  feed.poller = poller;
  return { hub, poller };
}
