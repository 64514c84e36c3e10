/** Content codings (RFC 9110, section 8.4), undone as a body arrives. */
import { pipeline, type Duplex } from 'node:stream';
import * as zlib from 'node:zlib';

/** Maximum number of codings of one body: each costs memory. More than two are a mistake or an attack. */
const maxCodings = 8;

export interface Decoded {
  readonly bytes: AsyncIterable<Buffer>;
  /** The codings that the bytes still have, in the order in which they were applied, since the last is unknown. */
  readonly unknown: readonly string[];
}

/** Undoes the codings of a Content-Encoding header, the last one first, as far as they are known. */
export function decode(body: AsyncIterable<Buffer>, contentEncoding: string | undefined): Decoded {
  const unknown = codingsOf(contentEncoding);
  if (unknown.length > maxCodings) return { bytes: body, unknown };
  let bytes = body;
  for (;;) {
    const createDecoder = decoders.get(unknown.at(-1) ?? '');
    if (createDecoder === undefined) return { bytes, unknown };
    bytes = decoded(bytes, createDecoder);
    unknown.pop();
  }
}

function codingsOf(contentEncoding = ''): string[] {
  const names = contentEncoding.split(',').map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== '' && name !== 'identity');
}

/** Creates a decoder for a body that begins with these bytes. */
type CreateDecoder = (head: Buffer) => Duplex;

const decoders = new Map<string, CreateDecoder>([
  ['gzip', () => zlib.createGunzip()],
  ['x-gzip', () => zlib.createGunzip()],
  ['deflate', (head) => (hasZlibHeader(head) ? zlib.createInflate() : zlib.createInflateRaw())],
  ['br', () => zlib.createBrotliDecompress()],
]);
const createZstd = zstdIn(zlib);
if (createZstd) decoders.set('zstd', createZstd);

/** Returns the creator of zstd decoders. Node.js has them since 22.15. */
function zstdIn(library: object): CreateDecoder | undefined {
  if (!('createZstdDecompress' in library)) return undefined;
  return library.createZstdDecompress as () => Duplex;
}

/** Returns whether `deflate` is the zlib format, as RFC 9110 has it. Some servers send the bare data, without a header. */
function hasZlibHeader(head: Buffer): boolean {
  return head.length >= 2 && (head.readUInt8(0) & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0;
}

/** Undoes one coding. An empty body stays empty: the response to HEAD names a coding, but has no body. */
async function* decoded(body: AsyncIterable<Buffer>, createDecoder: CreateDecoder): AsyncGenerator<Buffer> {
  const chunks = body[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const chunk = await chunks.next();
    if (chunk.done === true) break;
    head = Buffer.concat([head, chunk.value]);
  }
  if (head.length === 0) return;
  const rest = { [Symbol.asyncIterator]: () => chunks };
  // An error of either stream reaches the reader of the decoder.
  yield* pipeline(joined(head, rest), createDecoder(head), () => undefined);
}

async function* joined(head: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield head;
  yield* rest;
}
