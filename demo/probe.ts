import { z } from 'zod';
import { type Config, ConfigError } from '../src/config.ts';
import { TaskbellError } from '../src/client/index.ts';
import { hostUrl } from '../src/lib/host-url.ts';
import { runningAt } from '../src/processes/home-lock.ts';

const presenceMs = 1500;
/** Time to wait for /readyz, in milliseconds: longer than the service itself waits for Temporal. */
const readinessMs = 10_000;

const alive = z.object({ status: z.literal('ok') });
const ready = z.object({ status: z.literal('ready'), workers: z.int() });

export type ServiceState =
  /** Nothing answers there, or something other than Taskbell does. */
  | { readonly kind: 'none' }
  /** The service is alive, but Temporal doesn't answer it. */
  | { readonly kind: 'unready' }
  | { readonly kind: 'up'; readonly workers: number };

/** Finds out which service, if any, answers at the address. Never rejects. */
export async function probe(url: string): Promise<ServiceState> {
  if (!alive.safeParse(await answerOf(`${url}/healthz`, presenceMs)).success) return { kind: 'none' };
  const { data } = ready.safeParse(await answerOf(`${url}/readyz`, readinessMs));
  return data === undefined ? { kind: 'unready' } : { kind: 'up', workers: data.workers };
}

async function answerOf(url: string, timeoutMs: number): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return await response.json();
  } catch {
    // Connection refused, too slow, or not JSON: in any case not the service we are looking for.
    return undefined;
  }
}

/**
 * Returns the address of a running service: at `url`, or else where `taskbell up` runs it, or at the configured address.
 * @returns undefined when `url` is not given and no service is running. @throws {TaskbellError} when no
 * service answers at `url`, or the service found can't be used. @throws {ConfigError} when `url` is malformed.
 */
export async function findService({
  config,
  url,
}: {
  config: Pick<Config, 'home' | 'host' | 'port'>;
  url?: string;
}): Promise<string | undefined> {
  const { home, host, port } = config;
  const address = url?.replace(/\/+$/, '') ?? (await runningAt(home)) ?? hostUrl(host, port);
  if (!URL.canParse(address)) throw new ConfigError(`--url: ${address} is not a valid URL`);
  const state = await probe(address);
  switch (state.kind) {
    case 'none':
      if (url === undefined) return undefined;
      throw new TaskbellError(`No Taskbell service answers at ${address}.`, {
        status: 0,
        code: 'unreachable',
      });
    case 'unready':
      throw new TaskbellError(`Taskbell at ${address} is up, but its Temporal server doesn't answer.`, {
        status: 503,
        code: 'temporal_unavailable',
      });
    case 'up':
      if (state.workers > 0) return address;
      throw new TaskbellError(
        `Taskbell at ${address} has no worker, so no task would run. \`taskbell worker\` starts one.`,
        { status: 503, code: 'no_worker' },
      );
  }
}
