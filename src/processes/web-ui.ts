import type { Config } from '../config.ts';
import { listenError } from '../engine/ports.ts';
import { startWebUiProxy } from '../engine/web-ui-proxy.ts';
import { createClosers } from '../lib/closers.ts';
import { hostUrl } from '../lib/host-url.ts';
import { SetupError } from '../lib/setup-error.ts';
import { createLogger, logCloseErrors } from './log.ts';
import { logLifecycle } from './parent.ts';
import { untilStopRequested } from './stop.ts';

/** Runs `taskbell web-ui`: the proxy before a Temporal Web UI that runs elsewhere, until asked to stop. */
export async function runWebUi(config: Config, targetUrl: string): Promise<void> {
  const { host } = config;
  const { webUiPort: port } = config.engine;
  if (port === undefined)
    throw new SetupError('TASKBELL_TEMPORAL_UI_PORT is none: set a port for the proxy.');
  const logger = createLogger(config, 'web-ui');
  const closers = createClosers(logCloseErrors(logger));
  const target = placeOf(targetUrl);
  const proxy = await startWebUiProxy({ host, port, target: () => target }).catch((error: unknown) => {
    throw listenError(error, { host, port, variable: 'TASKBELL_TEMPORAL_UI_PORT' });
  });
  closers.add(() => proxy.close());
  logLifecycle(logger, { url: hostUrl(host, proxy.port) }, 'web-ui is up');
  await untilStopRequested();
  await closers.close();
  logLifecycle(logger, {}, 'web-ui has stopped');
}

function placeOf(text: string): { host: string; port: number } {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' || url.pathname !== '/')
    throw new SetupError(`--target: ${text} must be an http URL without a path`);
  return { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port || 80) };
}
