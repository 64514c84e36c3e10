/** Files for browsers, read once: pages, styles and scripts that the build wrote to a folder of dist/. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Context } from 'hono';

const compress = promisify(gzip);

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
};

export interface Asset {
  readonly type: string;
  readonly etag: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Compresses the body on the first call: most processes never need it. */
  readonly gzipped: () => Promise<Uint8Array<ArrayBuffer>>;
}

/** Assets by their path below the folder, with `/` as the separator. */
export type Assets = ReadonlyMap<string, Asset>;

/** Reads a folder's assets. Skips files of other kinds: source maps, licences. @throws if the folder doesn't exist. */
export async function readAssets(folder: string): Promise<Assets> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const served = paths.filter((path) => types[extname(path)] !== undefined);
  return new Map(
    await Promise.all(
      served.map(
        async (path) => [relative(folder, path).replaceAll(sep, '/'), await readAsset(path)] as const,
      ),
    ),
  );
}

async function readAsset(path: string): Promise<Asset> {
  return makeAsset(types[extname(path)] ?? '', new Uint8Array(await readFile(path)));
}

/** @param type the content type. */
export function makeAsset(type: string, body: Uint8Array<ArrayBuffer>): Asset {
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  let made: Promise<Uint8Array<ArrayBuffer>> | undefined;
  const gzipped = () => (made ??= compress(body).then((bytes) => new Uint8Array(bytes)));
  return { type, etag: `"${hash}"`, body, gzipped };
}

/**
 * Responds with an asset, or with 304 if the browser already has it.
 *
 * @param options.lasting the asset's name contains a hash of its content, so browsers never need to request it again
 */
export async function answerWith(
  c: Context,
  { type, etag, body, gzipped }: Asset,
  { lasting = false }: { lasting?: boolean } = {},
): Promise<Response> {
  // Otherwise browsers check each time, since the next release has other files at the same addresses.
  c.header('Cache-Control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache');
  c.header('ETag', etag);
  c.header('Vary', 'Accept-Encoding');
  const known = c.req.header('If-None-Match')?.split(',') ?? [];
  if (known.some((tag) => tag.trim().replace(/^W\//, '') === etag)) return c.body(null, 304);
  c.header('Content-Type', type);
  if (!acceptsGzip(c.req.header('Accept-Encoding') ?? '')) return c.body(body, 200);
  c.header('Content-Encoding', 'gzip');
  return c.body(await gzipped(), 200);
}

/** Implements RFC 9110, 12.5.3: `gzip`, or else `*`, with a weight other than 0. */
function acceptsGzip(header: string): boolean {
  const weights = new Map(
    header.split(',').map((each) => {
      const [coding = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
      return [coding, Number(weight)];
    }),
  );
  return (weights.get('gzip') ?? weights.get('*') ?? 0) > 0;
}
