import { listen, type Listener } from '../api/server.ts';
import type { Config } from '../config.ts';
import { listenError } from '../engine/ports.ts';
import { createClosers } from '../lib/closers.ts';
import { type ComposedApi, createApi } from './create-api.ts';
import { createLogger, logCloseErrors } from './log.ts';
import { startMetrics } from './metrics.ts';
import { logLifecycle, notifyReady } from './parent.ts';
import { untilStopRequested } from './stop.ts';

/** Runs `taskbell api`: HTTP and sockets, until asked to stop. Without Temporal it stays up, but not ready. */
export async function runApi(config: Config): Promise<void> {
  const logger = createLogger(config, 'api');
  const closers = createClosers(logCloseErrors(logger));
  try {
    const metrics = await startMetrics(config, 'api', logger);
    closers.add(metrics.close);
    const api = await createApi(config, logger, metrics);
    closers.add(api.close);
    const listeners: Listener[] = [];
    closers.add(async () => void (await Promise.all(listeners.map((listener) => listener.close()))));
    // Closed before the listeners, and also if one of them can't be opened: feeds would keep the process alive.
    closers.add(api.closeFeeds);
    for await (const listener of listenOnAll(config, api)) listeners.push(listener);
    const urls = listeners.map(({ url }) => url);
    logLifecycle(logger, { urls, metrics: metrics.url }, 'api is up');
    notifyReady({ url: urls[0] ?? '', metricsUrl: metrics.url });
    await untilStopRequested();
  } finally {
    await closers.close();
  }
  logLifecycle(logger, {}, 'api has stopped');
}

/** Opens one listener after the other. @throws {SetupError} naming the variable of a port that can't be used. */
async function* listenOnAll(
  { host, port, webSocketPort }: Config,
  { app, sockets }: ComposedApi,
): AsyncGenerator<Listener> {
  const ports = [
    { port, variable: 'PORT' },
    ...(webSocketPort === undefined ? [] : [{ port: webSocketPort, variable: 'TASKBELL_WS_PORT' }]),
  ];
  for (const { port, variable } of ports) {
    yield await listen(app, sockets, { host, port }).catch((error: unknown) => {
      throw listenError(error, { host, port, variable });
    });
  }
}
