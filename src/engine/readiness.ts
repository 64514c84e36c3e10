import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorMessage } from '../lib/error-message.ts';
import { tryConnect } from '../temporal/connect.ts';

const pollMs = 50;

/**
 * Waits until the server at `address` answers gRPC.
 * @throws when it ends first (`ended` says how), or when the signal is aborted first.
 */
export async function waitUntilServing(
  address: string,
  signal: AbortSignal,
  ended: Promise<string>,
): Promise<void> {
  const end = new AbortController();
  const ending = abortWith(end, ended);
  const either = AbortSignal.any([signal, end.signal]);
  let last: unknown = new Error('nothing is listening');
  while (!either.aborted) {
    try {
      // A failed gRPC channel waits a second or more before it tries again; a plain socket is a cheaper probe.
      await probe(address);
      await tryConnect(address);
      return;
    } catch (error) {
      last = error;
    }
    await Promise.race([sleep(pollMs), ending]);
  }
  end.signal.throwIfAborted();
  throw new Error(`it does not answer (${errorMessage(last)})`, { cause: last });
}

async function abortWith(controller: AbortController, ended: Promise<string>): Promise<void> {
  controller.abort(new Error(await ended));
}

async function probe(address: string): Promise<void> {
  const at = address.lastIndexOf(':');
  const socket = createConnection({ host: address.slice(0, at), port: Number(address.slice(at + 1)) });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(1_000) });
  } finally {
    socket.destroy();
  }
}
