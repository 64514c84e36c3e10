/**
 * One request and its response, on a connected socket. By node:http and not by undici, whose parser takes an unasked
 * 100 Continue for a fault.
 */
import { request as startRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { errorMessage } from '../../../src/lib/error-message.ts';
import { errnoOf } from '../../../src/lib/errno.ts';

/** Maximum size of a response's headers, in KiB. The result, with its 256 KiB, has room for them and the body. */
const maxHeadersKib = 64;

export interface OutgoingRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  /** No string: Node.js would send the headers in the charset of its body. */
  readonly body: Buffer | undefined;
}

/** A response began to arrive, but cannot be understood. */
export class UnreadableResponse extends Error {
  override readonly name = 'UnreadableResponse';
}

/**
 * Sends a request on a connected socket. Skips interim responses (RFC 9110, section 15.2: 100, 102 and 103 may come
 * without being asked for).
 * @returns the response, whose body is still to be read.
 * @throws {UnreadableResponse} if anything has arrived that is no response, the signal's reason or the connection's
 *   error if nothing has.
 */
export function exchange(
  socket: Socket,
  { body, ...options }: OutgoingRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    let hasArrived = false;
    const request = startRequest({
      ...options,
      createConnection: () => socket,
      maxHeaderSize: maxHeadersKib * 1024,
    });
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      const fault = signal.aborted ? (signal.reason as Error) : error;
      reject(hasArrived ? new UnreadableResponse(describeFault(fault), { cause: fault }) : fault);
    };
    const abort = (): void => void request.destroy(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
    // All of them, as far as their size allows; by default, Node.js silently leaves out those after the 1000th.
    request.maxHeadersCount = 0;
    request.once('socket', () => {
      // Before the parser, whose error would otherwise come first.
      socket.prependOnceListener('data', () => (hasArrived = true));
    });
    request.once('response', (response) => {
      signal.removeEventListener('abort', abort);
      resolve(response);
    });
    request.once('upgrade', () =>
      fail(new Error('it switches to another protocol, which was not requested')),
    );
    // Stays: what happens after the response concerns its body, whose reader gets an error of its own.
    request.on('error', fail);
    request.end(body);
    if (signal.aborted) abort();
  });
}

function describeFault(error: Error): string {
  if (errnoOf(error) === 'HPE_HEADER_OVERFLOW') return `its headers are larger than ${maxHeadersKib} KiB`;
  // Node's words for a connection that ends before the headers do.
  if (error.message === 'socket hang up') return 'the connection ended within its headers';
  return errorMessage(error);
}
