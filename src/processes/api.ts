import { listen, type Listener } from '../api/server.ts';
import type { Config } from '../config.ts';
import { type Closers, createClosers } from '../lib/closers.ts';
import { type ComposedApi, createApi } from './create-api.ts';
import { createLogger, logCloseErrors } from './log.ts';
import { logLifecycle, notifyReady } from './parent.ts';
import { untilStopRequested } from './stop.ts';

/** Runs `taskbell api`: HTTP and sockets, until asked to stop. Without Temporal it stays up, but not ready. */
export async function runApi(config: Config): Promise<void> {
  const logger = createLogger(config, 'api');
  const closers = createClosers(logCloseErrors(logger));
  try {
    const api = await createApi(config, logger);
    closers.add(api.close);
    const listeners = await listenOnAll(config, api, closers);
    // Closed before the listeners.
    closers.add(api.closeFeeds);
    logLifecycle(logger, { urls: listeners.map(({ url }) => url) }, 'api is up');
    notifyReady({ url: listeners[0]?.url ?? '' });
    await untilStopRequested();
  } finally {
    await closers.close();
  }
  logLifecycle(logger, {}, 'api has stopped');
}

async function listenOnAll(
  { host, port, webSocketPort }: Config,
  { app, sockets }: ComposedApi,
  closers: Closers,
): Promise<Listener[]> {
  const ports = [port, ...(webSocketPort === undefined ? [] : [webSocketPort])];
  const listeners: Listener[] = [];
  for (const port of ports) {
    const listener = await listen(app, sockets, { host, port });
    listeners.push(listener);
    closers.add(() => listener.close());
  }
  return listeners;
}
