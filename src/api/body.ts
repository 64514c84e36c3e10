import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import secureJson from 'secure-json-parse';
import { AppError, type FieldError } from '../contract/errors.ts';

const maxBodyBytes = 1024 * 1024;
/** Deeper documents would overflow the stack of whoever walks them. */
const maxDepth = 100;

/** 413 past the limit, chunked bodies included. */
export const limitBody = bodyLimit({
  maxSize: maxBodyBytes,
  onError: () => {
    throw new AppError('payload_too_large', `The request body is larger than ${maxBodyBytes} bytes.`);
  },
});

/**
 * Lets only JSON objects through: 415 for another content type, 400 for what does not parse, for another root, for
 * keys that would reach an object's prototype, and for null characters, which PostgreSQL cannot store.
 */
export const requireJson: MiddlewareHandler = async (c, next) => {
  if (!['POST', 'PUT', 'PATCH'].includes(c.req.method)) return next();
  const text = await c.req.text();
  if (text === '') return next();
  const type = c.req.header('Content-Type') ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new AppError('unsupported_media_type', 'Send application/json.');
  }
  const root: unknown = parse(text);
  if (typeof root !== 'object' || root === null || Array.isArray(root)) {
    throw new AppError('malformed_request', 'The request body must be a JSON object.');
  }
  const fault = faultIn(root, '');
  if (fault !== undefined) {
    throw new AppError('validation', 'The request does not fit.', { errors: [fault] });
  }
  return next();
};

function parse(text: string): unknown {
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' });
  } catch (cause) {
    const reserved = cause instanceof SyntaxError && cause.message.includes('forbidden prototype');
    const detail = reserved
      ? 'The request body has a forbidden key.'
      : 'JSON parse error: the body is not JSON.';
    throw new AppError('malformed_request', detail, { cause });
  }
}

function faultIn(value: unknown, pointer: string, depth = 0): FieldError | undefined {
  if (depth > maxDepth) return { pointer, message: `Nested more than ${maxDepth} levels deep.` };
  if (typeof value === 'string') {
    const kept = !value.includes('\u0000') && value.isWellFormed();
    return kept ? undefined : { pointer, message: 'Null characters and lone surrogates are not allowed.' };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const fault = faultIn(key, at, depth + 1) ?? faultIn(member, at, depth + 1);
    if (fault !== undefined) return fault;
  }
  return undefined;
}
