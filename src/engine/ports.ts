import { once } from 'node:events';
import { type AddressInfo, type Server, createServer } from 'node:net';
import { SetupError } from '../lib/setup-error.ts';
import { isErrno } from '../lib/errno.ts';
import { errorMessage } from '../lib/error-message.ts';

/**
 * Turns requested ports into real ones: 0 becomes a free port, any other is checked. All are held until the last is
 * found, so that they differ.
 * @throws {SetupError} naming the variable of a port that is in use or not permitted.
 */
export async function choosePorts(
  host: string,
  wishes: readonly { readonly port: number; readonly variable: string }[],
): Promise<number[]> {
  const held: HeldPort[] = [];
  try {
    for (const wish of wishes) held.push(await holdPort(host, wish.port, wish.variable));
    return held.map(({ port }) => port);
  } finally {
    await Promise.all(held.map(({ release }) => release()));
  }
}

/** A port that nothing else can take until it is released. */
export interface HeldPort {
  readonly port: number;
  release(): Promise<void>;
}

/** @throws {SetupError} as `choosePorts`. */
export async function holdPort(host: string, port: number, variable: string): Promise<HeldPort> {
  const server = createServer();
  server.listen({ port, host, exclusive: true });
  try {
    await once(server, 'listening');
    return { port: portOf(server), release: () => release(server) };
  } catch (error) {
    throw listenError(error, { host, port, variable });
  }
}

/** Returns the error for a port that can't be listened on; it names the variable that sets the port. */
export function listenError(
  cause: unknown,
  { host, port, variable }: { readonly host: string; readonly port: number; readonly variable: string },
): SetupError {
  return new SetupError(describe(cause, host, port, variable), { cause });
}

function describe(error: unknown, host: string, port: number, variable: string): string {
  if (isErrno(error, 'EADDRINUSE')) {
    const what = `Port ${port} on ${host} is in use. Stop what uses it, or set ${variable} to another port.`;
    if (variable === 'TASKBELL_TEMPORAL_PORT')
      return `${what} If it is a Temporal server that Taskbell should use, set TEMPORAL_ADDRESS to ${host}:${port}.`;
    if (variable === 'TASKBELL_METRICS_PORT')
      return `${what} \`up\` uses it for the API, and the next one for the worker.`;
    return what;
  }
  if (isErrno(error, 'EACCES')) return `Not permitted to use port ${port}; set ${variable} to another port.`;
  return `Can't listen on ${host}:${port} (${variable}): ${errorMessage(error)}`;
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === 'string') throw new Error('a listening TCP server has a port');
  return address.port;
}

async function release(server: Server): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}
