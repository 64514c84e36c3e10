import { z } from 'zod';
import type { Config } from '../../config.ts';
import { DemoError } from './errors.ts';

const presenceMs = 1500;
/** Longer than the service itself waits for Temporal. */
const readinessMs = 10_000;

const alive = z.object({ status: z.literal('ok') });
const ready = z.object({ status: z.literal('ready'), workers: z.int() });

export type ServiceState =
  /** Nothing answers there, or something that is no Taskbell. */
  | { readonly kind: 'none' }
  /** It lives, but Temporal doesn't answer it. */
  | { readonly kind: 'unready' }
  | { readonly kind: 'up'; readonly workers: number };

/** Asks the address what is there. Never rejects. */
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
    // Refused, too slow, or no JSON: not what we look for, in whatever way.
    return undefined;
  }
}

/** Where the service of this configuration is called; one that listens everywhere, on this machine. */
export function addressOf({ host, port }: Pick<Config, 'host' | 'port'>): string {
  const callable = { '0.0.0.0': '127.0.0.1', '::': '::1', '': '127.0.0.1' }[host] ?? host;
  return `http://${callable.includes(':') ? `[${callable}]` : callable}:${port}`;
}

/**
 * The address of the service that is up: at `url`, else where the configuration says.
 * @returns undefined when there is none. @throws {DemoError} when the one that is there can't be used.
 */
export async function findService({
  config,
  url,
}: {
  config: Config;
  url?: string;
}): Promise<string | undefined> {
  const address = url?.replace(/\/+$/, '') ?? addressOf(config);
  if (!URL.canParse(address)) throw new DemoError(`--url: ${address} is no URL`);
  const state = await probe(address);
  switch (state.kind) {
    case 'none':
      if (url === undefined) return undefined;
      throw new DemoError(`No Taskbell answers at ${address}.`);
    case 'unready':
      throw new DemoError(`Taskbell at ${address} is up, but its Temporal server doesn't answer.`);
    case 'up':
      if (state.workers > 0) return address;
      throw new DemoError(
        `Taskbell at ${address} has no worker: tasks would wait. \`taskbell worker\` runs one.`,
      );
  }
}
