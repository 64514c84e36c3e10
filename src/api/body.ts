import type { MiddlewareHandler } from 'hono';
import secureJson from 'secure-json-parse';
import { AppError, type FieldError, invalidFields } from '../contract/errors.ts';
import { pointerTo } from '../lib/pointer.ts';

/** Maximum size of a body, in bytes, unless its route says otherwise. */
const maxBodyBytes = 1024 * 1024;
/** Maximum nesting, in levels. Deeper documents would overflow the stack of code that walks them. */
const maxDepth = 100;

/**
 * Maximum part of a body of unknown length that is read beyond its limit and discarded, in bytes. Its
 * connection stays usable.
 */
const maxReadBytes = 16 * 1024 * 1024;

/**
 * Responds 413 beyond the limit, for chunked bodies too. Replaces Hono's own middleware, which starts to read
 * a body and leaves the rest unread: the connection stalls, and is cut off in the middle of the client's next
 * request.
 */
export function limitBody(max = maxBodyBytes): MiddlewareHandler {
  return async (c, next) => {
    const length = c.req.header('Content-Length');
    // The server drains a body that no one has started to read.
    if (Number(length ?? 0) > max) throw tooLarge(max);
    if (length !== undefined || !c.req.raw.body) return next();
    const body = await readWhole(c.req.raw.body, max).catch(endedEarly);
    c.req.raw = new Request(c.req.raw, { method: c.req.method, body });
    return next();
  };
}

async function readWhole(stream: ReadableStream<Uint8Array>, max: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Not with `for await`: leaving the loop would destroy the connection, and the response with it.
  const reader = stream.getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    size += chunk.value.length;
    if (size > max + maxReadBytes) break;
    if (size <= max) chunks.push(chunk.value);
  }
  if (size > max) throw tooLarge(max);
  return Buffer.concat(chunks);
}

/** Reports a client that disconnected, or was cut off for being too slow: not an error of the server. */
function endedEarly(cause: unknown): never {
  if (cause instanceof AppError) throw cause;
  throw new AppError('malformed_request', 'The request body ended early.', { cause });
}

function tooLarge(max: number): AppError {
  return new AppError('payload_too_large', `The request body is larger than ${max} bytes.`);
}

/**
 * Accepts only JSON objects. Responds 415 for another content type, and 400 for a body that doesn't parse, another
 * root, keys that would reach an object's prototype, and values that can't be stored unchanged: null characters
 * (PostgreSQL has none), lone surrogates, infinite numbers.
 * @param options.checkValues Whether to check for such values here. If not, the handler does.
 */
export function requireJson({ checkValues = true } = {}): MiddlewareHandler {
  return async (c, next) => {
    if (!['POST', 'PUT', 'PATCH'].includes(c.req.method)) return next();
    const bytes = await c.req.arrayBuffer().catch(endedEarly);
    if (bytes.byteLength === 0) {
      // Commands need no body; a change without one is a mistake.
      if (c.req.method !== 'POST') throw new AppError('malformed_request', 'The request body is missing.');
      // The validators would parse nothing as JSON, or reject the type of a body that is not there.
      c.req.raw.headers.delete('Content-Type');
      return next();
    }
    const type = c.req.header('Content-Type') ?? '';
    if (!/^application\/json\s*(;|$)/i.test(type)) {
      throw new AppError('unsupported_media_type', 'Send application/json.');
    }
    const root: unknown = parse(bytes);
    if (typeof root !== 'object' || root === null || Array.isArray(root)) {
      throw new AppError('malformed_request', 'The request body must be a JSON object.');
    }
    const fault = checkValues ? faultIn(root, '') : undefined;
    if (fault !== undefined) throw invalidFields([fault]);
    return next();
  };
}

function parse(bytes: ArrayBuffer): unknown {
  try {
    // Strict: `Request.json` would replace invalid UTF-8 with U+FFFD, and that would be stored.
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

/** Returns the first fault of a value that can't be stored unchanged, or is nested too deep. */
export function faultIn(value: unknown, pointer: string, depth = 1): FieldError | undefined {
  if (typeof value === 'string') {
    const kept = !value.includes('\u0000') && value.isWellFormed();
    return kept ? undefined : { pointer, message: 'Null characters and lone surrogates are not allowed.' };
  }
  // 1e999 is JSON, but would be stored as null.
  if (value === Infinity || value === -Infinity) return { pointer, message: 'This number is too large.' };
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > maxDepth) return { pointer, message: `Nested more than ${maxDepth} levels deep.` };
  for (const [key, member] of Object.entries(value)) {
    const at = pointerTo(pointer, key);
    const fault = faultIn(key, at, depth + 1) ?? faultIn(member, at, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
