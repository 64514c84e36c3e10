import type { IncomingMessage } from 'node:http';
import type { SecretMask } from '../../secret-mask.ts';
import { decode } from './codings.ts';

/** A response's body, without its codings. */
export interface Body {
  readonly bytes: Buffer;
  /** Whether there is more than `bytes`. */
  readonly isCut: boolean;
  /** The codings that `bytes` still have, since the last is unknown. */
  readonly unknownCodings: readonly string[];
  /** What ended the body before its end, if anything did. */
  readonly fault: Error | undefined;
}

export interface BodyLimits {
  /** Maximum size, in decoded bytes. Of the rest, as much is read as a secret at the limit may need. */
  readonly maxBytes: number;
  /** The secrets to replace, before the body is cut. */
  readonly mask: SecretMask;
  /** Maximum time between two pieces, in milliseconds. */
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** Reads the beginning of a body. Never throws: what has arrived counts, and so does the status before it. */
export async function readBody(
  response: IncomingMessage,
  contentEncoding: string | undefined,
  { maxBytes, mask, idleMs, signal }: BodyLimits,
): Promise<Body> {
  const { bytes, unknown: unknownCodings } = decode(response, contentEncoding);
  const stop = stopper(response, idleMs, signal);
  const chunks: Buffer[] = [];
  let length = 0;
  let fault: Error | undefined;
  try {
    for await (const chunk of bytes) {
      chunks.push(chunk);
      length += chunk.length;
      // Leaving the loop destroys the stream, and with it the connection.
      if (length > maxBytes + mask.overlap) break;
    }
  } catch (error) {
    fault = error instanceof Error ? error : new Error(String(error));
  } finally {
    stop();
  }
  const masked = mask.bytes(Buffer.concat(chunks), maxBytes);
  return {
    bytes: masked.subarray(0, maxBytes),
    isCut: length > maxBytes || masked.length > maxBytes,
    unknownCodings,
    // What is beyond the limit is read for secrets only.
    fault: length > maxBytes ? undefined : fault,
  };
}

/** Destroys a response once the signal fires, or nothing has arrived for a while. @returns what ends that. */
function stopper(response: IncomingMessage, idleMs: number, signal: AbortSignal): () => void {
  const abort = (): void => void response.destroy(signal.reason as Error);
  const idle = (): void => void response.destroy(new Error(`nothing arrived for ${idleMs / 1000} s`));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  response.socket.setTimeout(idleMs, idle);
  return () => {
    signal.removeEventListener('abort', abort);
    response.socket.setTimeout(0, idle);
  };
}
