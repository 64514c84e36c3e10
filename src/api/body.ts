import type { Context, MiddlewareHandler } from 'hono';
import secureJson from 'secure-json-parse';
import { AppError, type FieldError, invalidFields } from '../contract/errors.ts';
import { type InexactNumber, type JsonLimits, scanJson } from '../lib/json-scan.ts';
import { pointerOf } from '../lib/pointer.ts';

/** Maximum size of a body, in bytes, unless its route says otherwise. */
const maxBodyBytes = 1024 * 1024;
/** Maximum size of a body that anyone may send, in bytes. The longest has a token. */
export const maxOpenBodyBytes = 8 * 1024;
/** Maximum nesting, in levels. Deeper documents would overflow the stack of code that walks them. */
const maxDepth = 100;

/**
 * Limits of what a body of any size may cost: parsing it blocks the process, for up to a tenth of a second. A payload
 * of the maximum size can have as many values, or a tenth of them with keys of their own.
 */
const limits: JsonLimits = {
  values: 200_000,
  keys: 20_000,
  // Beyond what is reported with a pointer.
  levels: 10 * maxDepth,
};

const exceeded: Readonly<Record<keyof JsonLimits, () => AppError>> = {
  values: () => tooCostly(`more than ${limits.values} values`),
  keys: () => tooCostly(`more than ${limits.keys} different keys or combinations of keys`),
  levels: () => new AppError('malformed_request', tooDeep),
};

const tooDeep = `Nested more than ${maxDepth} levels deep.`;

function tooCostly(what: string): AppError {
  return new AppError('payload_too_large', `The request body has ${what}. Send it in parts.`);
}

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
    // Looking for a body makes a whole `Request` of what the server has received.
    if (length !== undefined || !mayHaveBody(c) || !c.req.raw.body) return next();
    const body = await readWhole(c.req.raw.body, max).catch(endedEarly);
    c.req.raw = new Request(c.req.raw, { method: c.req.method, body });
    return next();
  };
}

/** Returns whether a request's body is read, if it has one. */
function mayHaveBody(c: Context): boolean {
  return ['POST', 'PUT', 'PATCH'].includes(c.req.method);
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
 * Accepts only JSON objects. Responds 415 for another content type or a compressed body, 413 for one that would take
 * too long to parse, and 400 for a body that doesn't parse, another root, keys that would reach an object's prototype,
 * and values that can't be stored unchanged: null characters (PostgreSQL has none), lone surrogates, numbers that a
 * double can't hold. The validators get what is parsed here.
 * @param options.checkValues Whether to check for such values here. If not, the handler does.
 */
export function requireJson({ checkValues = true } = {}): MiddlewareHandler {
  return async (c, next) => {
    if (!mayHaveBody(c)) return next();
    const bytes = Buffer.from(await c.req.arrayBuffer().catch(endedEarly));
    if (bytes.length === 0) {
      // Commands need no body; a change without one is a mistake.
      if (c.req.method !== 'POST') throw new AppError('malformed_request', 'The request body is missing.');
      // The validators would parse nothing as JSON, or reject the type of a body that is not there.
      c.req.raw.headers.delete('Content-Type');
      return next();
    }
    assertPlain(c);
    const type = c.req.header('Content-Type') ?? '';
    if (!/^application\/json\s*(;|$)/i.test(type)) {
      throw new AppError('unsupported_media_type', 'Send application/json.');
    }
    const root = parse(bytes);
    if (typeof root !== 'object' || root === null || Array.isArray(root)) {
      throw new AppError('malformed_request', 'The request body must be a JSON object.');
    }
    const fault = checkValues ? faultIn(root) : undefined;
    if (fault !== undefined) throw invalidFields([fault]);
    // Instead of Hono's own, which would parse the body once more.
    Object.defineProperty(c.req, 'json', { value: async () => root });
    return next();
  };
}

/** Rejects compressed bodies: a small one could have any size. */
function assertPlain(c: Context): void {
  const encoding = c.req.header('Content-Encoding') ?? 'identity';
  if (/^\s*identity\s*$/i.test(encoding)) return;
  c.header('Accept-Encoding', 'identity');
  throw new AppError('unsupported_media_type', 'Send the request body without Content-Encoding.');
}

function parse(bytes: Buffer): unknown {
  const scan = scanJson(bytes, limits);
  if (scan.exceeded !== undefined) throw exceeded[scan.exceeded]();
  for (const number of scan.inexact) makeInfinite(bytes, number);
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

const infinite = Buffer.from('9e999');

/** Overwrites a number that the parser would change: what it reads instead is found where it is, as a fault. */
function makeInfinite(bytes: Buffer, { start, end }: InexactNumber): void {
  bytes.fill(0x20, start, end);
  bytes.set(infinite, start);
}

/** What can't be stored, and the keys that lead to it, the innermost first. */
interface Fault {
  readonly message: string;
  readonly path: string[];
}

/** Returns the first fault of a parsed value that can't be stored unchanged, or is nested too deep. */
export function faultIn(value: unknown): FieldError | undefined {
  const fault = find(value, 1);
  return fault && { pointer: pointerOf(fault.path.toReversed()), message: fault.message };
}

/** Makes nothing for values without a fault, of which there can be very many. */
function find(value: unknown, depth: number): Fault | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : fault(unstorable);
  // 1e999 is JSON, but would be stored as null.
  if (value === Infinity || value === -Infinity) return fault(inexact);
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > maxDepth) return fault(tooDeep);
  return Array.isArray(value) ? findInList(value, depth) : findInObject(value, depth);
}

function findInList(list: readonly unknown[], depth: number): Fault | undefined {
  for (let index = 0; index < list.length; index += 1) {
    const found = find(list[index], depth + 1);
    if (found) return under(String(index), found);
  }
  return undefined;
}

function findInObject(object: object, depth: number): Fault | undefined {
  for (const [key, member] of Object.entries(object)) {
    const found = isStorable(key) ? find(member, depth + 1) : fault(unstorable);
    if (found) return under(key, found);
  }
  return undefined;
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}

function fault(message: string): Fault {
  return { message, path: [] };
}

function under(key: string, found: Fault): Fault {
  found.path.push(key);
  return found;
}

const unstorable = 'Null characters and lone surrogates are not allowed.';
const inexact = 'This number is too large or has too many digits to be kept as it is. Send it as a string.';
