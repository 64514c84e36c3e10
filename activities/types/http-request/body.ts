import { pipeline, type Readable } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** Maximum size of the body, in bytes of JSON. A result may have 256 KiB; a control character takes six bytes. */
const maxJsonBytes = 160 * 1024;

const lenient = { finishFlush: constants.Z_SYNC_FLUSH };
const lenientBrotli = { finishFlush: constants.BROTLI_OPERATION_FLUSH };

export interface BodyText {
  readonly text: string;
  readonly truncated: boolean;
}

/**
 * Reads a response's body as UTF-8, up to `limit` decompressed bytes, and discards the rest. Bytes that are
 * not UTF-8 become U+FFFD; a character that the limit cuts in two is left out.
 */
export async function readBody(
  body: Readable,
  contentEncoding: string | undefined,
  limit: number,
): Promise<BodyText> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of decoded(body, contentEncoding)) {
    chunks.push(chunk);
    length += chunk.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (length > limit) break;
  }
  const cut = length > limit;
  const bytes = Buffer.concat(chunks).subarray(0, limit);
  const text = new TextDecoder().decode(bytes, { stream: cut });
  const kept = beginning(text, limit);
  return { text: kept, truncated: cut || kept.length < text.length };
}

/** Decompresses a body: we request identity, but some servers compress anyway. Leaves unknown encodings alone. */
function decoded(body: Readable, contentEncoding: string | undefined): AsyncIterable<Buffer> {
  const decoder = decoderFor(contentEncoding?.trim().toLowerCase());
  if (decoder === undefined) return body;
  // An error of either stream reaches the reader of the decoder.
  return pipeline(body, decoder, () => undefined);
}

function decoderFor(contentEncoding: string | undefined) {
  // Flushes at the end, as browsers do: the response to HEAD names an encoding, but has no body.
  if (contentEncoding === 'gzip' || contentEncoding === 'x-gzip') return createGunzip(lenient);
  if (contentEncoding === 'deflate') return createInflate(lenient);
  return contentEncoding === 'br' ? createBrotliDecompress(lenientBrotli) : undefined;
}

/** Returns the beginning that fits both limits; U+FFFD takes three bytes where there was one. */
function beginning(text: string, limit: number): string {
  let bytes = 0;
  let jsonBytes = 0;
  let end = 0;
  for (const character of text) {
    const size = Buffer.byteLength(character);
    bytes += size;
    jsonBytes += character < ' ' || character === '"' || character === '\\' ? 6 : size;
    if (bytes > limit || jsonBytes > maxJsonBytes) break;
    end += character.length;
  }
  return text.slice(0, end);
}
