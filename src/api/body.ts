import type { MiddlewareHandler } from 'hono';
import secureJson from 'secure-json-parse';
import { AppError, type FieldError } from '../contract/errors.ts';

const maxBodyBytes = 1024 * 1024;
/** Of a thousand tasks. */
const maxBulkBodyBytes = 16 * 1024 * 1024;
const bulkPath = /^\/api\/tasks\/bulk\/?$/;
/** Deeper documents would overflow the stack of whoever walks them. */
const maxDepth = 100;

/** How much of a body of unknown length is read, and thrown away, so that its connection stays good. */
const maxReadBytes = 16 * 1024 * 1024;

/**
 * 413 past the limit, chunked bodies included. Not hono's own: that looks at a body which it then leaves unread, so
 * that the connection stalls and is cut off in the middle of the client's next request.
 */
export const limitBody: MiddlewareHandler = async (c, next) => {
  const length = c.req.header('Content-Length');
  // A body that nobody has looked at is drained by the server.
  const most = bulkPath.test(c.req.path) ? maxBulkBodyBytes : maxBodyBytes;
  if (Number(length ?? 0) > most) throw tooLarge(most);
  if (length !== undefined || !c.req.raw.body) return next();
  const body = await readWhole(c.req.raw.body, most).catch(endedEarly);
  c.req.raw = new Request(c.req.raw, { method: c.req.method, body });
  return next();
};

async function readWhole(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Without `for await`, which would destroy the connection on leaving, and the answer with it.
  const reader = stream.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    size += chunk.value.length;
    if (size > most + maxReadBytes) break;
    if (size <= most) chunks.push(chunk.value);
  }
  if (size > most) throw tooLarge(most);
  return Buffer.concat(chunks);
}

/** The client went away, or was cut off for its slowness: no fault of ours. */
function endedEarly(cause: unknown): never {
  if (cause instanceof AppError) throw cause;
  throw new AppError('malformed_request', 'The request body ended early.', { cause });
}

function tooLarge(most: number): AppError {
  return new AppError('payload_too_large', `The request body is larger than ${most} bytes.`);
}

/**
 * Lets only JSON objects through: 415 for another content type, 400 for what does not parse, for another root, for
 * keys that would reach an object's prototype, and for what could not be kept as it is: null characters (PostgreSQL
 * has none), lone surrogates, numbers without end.
 */
export const requireJson: MiddlewareHandler = async (c, next) => {
  if (!['POST', 'PUT', 'PATCH'].includes(c.req.method)) return next();
  const bytes = await c.req.arrayBuffer().catch(endedEarly);
  if (bytes.byteLength === 0) {
    // Commands need no body; a change without one is a mistake.
    if (c.req.method === 'POST') return next();
    throw new AppError('malformed_request', 'The request body is missing.');
  }
  const type = c.req.header('Content-Type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new AppError('unsupported_media_type', 'Send application/json.');
  }
  const root: unknown = parse(bytes);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    throw new AppError('malformed_request', 'The request body must be a JSON object.');
  }
  // Of many tasks, each is looked at for itself.
  const fault = bulkPath.test(c.req.path) ? undefined : faultIn(root, '');
  if (fault !== undefined) {
    throw new AppError('validation', 'The request does not fit.', { errors: [fault] });
  }
  return next();
};

function parse(bytes: ArrayBuffer): unknown {
  try {
    // Strictly: `Request.json` would put U+FFFD in the place of what is no UTF-8, and keep that.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch (cause) {
    const reserved = cause instanceof SyntaxError && cause.message.includes('forbidden prototype');
    const detail = reserved
      ? 'The request body has a forbidden key.'
      : 'JSON parse error: the body is not JSON in UTF-8.';
    throw new AppError('malformed_request', detail, { cause });
  }
}

/** What could not be kept as it is. */
export function faultIn(value: unknown, pointer: string, depth = 1): FieldError | undefined {
  if (typeof value === 'string') {
    const kept = !value.includes('\u0000') && value.isWellFormed();
    return kept ? undefined : { pointer, message: 'Null characters and lone surrogates are not allowed.' };
  }
  // 1e999 is JSON, but would be kept as null.
  if (value === Infinity || value === -Infinity) return { pointer, message: 'This number is too large.' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > maxDepth) return { pointer, message: `Nested more than ${maxDepth} levels deep.` };
  for (const [key, member] of Object.entries(value)) {
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const fault = faultIn(key, at, depth + 1) ?? faultIn(member, at, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
