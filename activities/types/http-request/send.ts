import type { Socket } from 'node:net';
import type { JsonValue } from '../../../src/contract/json.ts';
import { maxResultBytes } from '../../../src/contract/limits.ts';
import { errorMessage } from '../../../src/lib/error-message.ts';
import { errnoOf } from '../../../src/lib/errno.ts';
import { withTimeLimit } from '../../../src/lib/time-limit.ts';
import { unlessAborted } from '../../../src/lib/wait.ts';
import { AddressNotAllowed, NoPublicAddress } from '../../net/addresses.ts';
import type { AllowHosts } from '../../net/allow-hosts.ts';
import { connect } from '../../net/connect.ts';
import { portOf } from '../../net/port.ts';
import { SecretMask } from '../../secret-mask.ts';
import { TaskFailure, type TaskContext } from '../define.ts';
import { ellipsis } from '../text.ts';
import { readBody, type Body } from './body.ts';
import { bodyText } from './body-text.ts';
import { exchange, UnreadableResponse } from './exchange.ts';
import { headerOf, requestHeaders, resolvedHeaders, responseHeaders } from './headers.ts';
import { connectionFailure, isSuccess, responseFailure, statusFailure } from './outcome.ts';
import type { HttpRequestPayload } from './payload.ts';

const maxBodyBytes = 64 * 1024;
/** Maximum part of the body that is read for a failure's message, in bytes. */
const maxFailureBodyBytes = 2 * 1024;
/** Size of a result without headers and body, generously, in bytes of JSON. */
const otherResultBytes = 1024;

/** Time limits of a request, in milliseconds. The attempt's own can end it earlier. */
export interface HttpTimeouts {
  readonly connectMs: number;
  /** Maximum time between two pieces of the body. */
  readonly bodyMs: number;
  /** Maximum time for all of it: a server that sends a byte now and then must not hold a slot for days. */
  readonly totalMs: number;
}

export interface HttpSettings {
  readonly isAllowedHost: AllowHosts;
  readonly timeouts: HttpTimeouts;
  /** Writes a line to the operator's log, which the task's owner does not see. */
  readonly warn: (line: string) => void;
}

/** One request of a task, with what its steps share. */
interface Sending extends HttpSettings {
  readonly payload: HttpRequestPayload;
  readonly url: URL;
  /** The host and port, for messages. */
  readonly from: string;
  /** The user's headers, with the values of secrets. */
  readonly headers: Readonly<Record<string, string>>;
  /** The secrets among them, replaced in the response before anything is cut or becomes base64. */
  readonly mask: SecretMask;
  readonly idempotencyKey: string;
  readonly signal: AbortSignal;
}

/**
 * Sends a request and reads its response.
 * @returns the task's result.
 * @throws {TaskFailure}, or the reason of the context's signal once that has fired.
 */
export async function sendRequest(
  { idempotencyKey, secret, signal }: TaskContext,
  payload: HttpRequestPayload,
  settings: HttpSettings,
): Promise<JsonValue> {
  const url = new URL(payload.url);
  const from = `${url.hostname}:${portOf(url)}`;
  const mask = new SecretMask();
  const secretOf = async (name: string): Promise<string> => {
    const value = await secret(name, url);
    mask.add(name, value);
    return value;
  };
  const limitMs = settings.timeouts.totalMs;
  const message = `the request took longer than ${durationOf(limitMs)}, the limit of an attempt`;
  try {
    return await withTimeLimit({ limitMs, message, signal }, async (signal) => {
      const headers = await unlessAborted(resolvedHeaders(payload, secretOf), signal);
      return await send({ ...settings, payload, url, from, headers, mask, idempotencyKey, signal });
    });
  } catch (error) {
    // Whatever error an abort caused in the request, the attempt ends with the abort's reason.
    signal.throwIfAborted();
    throw error;
  }
}

async function send(sending: Sending): Promise<JsonValue> {
  const startedAt = performance.now();
  const socket = await connected(sending);
  try {
    const result = await converse(socket, sending);
    return { ...result, duration_ms: Math.round(performance.now() - startedAt) };
  } finally {
    // Never reused: the next request's name has to be checked again.
    socket.destroy();
  }
}

async function connected({ url, from, isAllowedHost, timeouts, signal, warn }: Sending): Promise<Socket> {
  const allowsPrivate = isAllowedHost(url);
  try {
    return await connect(url, { allowsPrivate, timeoutMs: timeouts.connectMs, signal });
  } catch (error) {
    if (error instanceof AddressNotAllowed) {
      throw new TaskFailure('AddressNotAllowed', error.message, { retryable: false, cause: error });
    }
    if (error instanceof NoPublicAddress) {
      warn(`http-request did not call ${url.hostname}: ${error.detail}`);
      // Retryable whatever the detail is: it would otherwise show which names exist.
      throw new TaskFailure('NoPublicAddress', error.message, { retryable: true });
    }
    throw connectionFailure(from, describe(error), error);
  }
}

async function converse(socket: Socket, sending: Sending): Promise<Record<string, JsonValue>> {
  const { payload, from, mask, timeouts, signal } = sending;
  const response = await answerTo(socket, sending);
  const status = response.statusCode ?? 0;
  const headers = responseHeaders(response.rawHeaders, mask);
  const success = isSuccess(status, payload.expected_status);
  const maxBytes = success ? maxBodyBytes : maxFailureBodyBytes;
  const limits = { maxBytes, mask, idleMs: timeouts.bodyMs, signal };
  const body = await readBody(response, headerOf(headers, 'content-encoding'), limits);
  const contentType = headerOf(headers, 'content-type');
  if (!success) {
    const { body: text, body_encoding } = bodyText(body, contentType, maxResultBytes);
    const isText = body_encoding === 'text';
    const remark = remarkOn(body, isText);
    throw statusFailure(from, payload.expected_status, { status, headers, text: isText ? text : '', remark });
  }
  if (body.fault) throw responseFailure(from, payload.method, faultIn(body.fault), body.fault);
  const codings = ellipsis(body.unknownCodings.join(', '), 200);
  const facts = { status, headers: { ...headers }, content_encoding: codings === '' ? null : codings };
  const room = maxResultBytes - otherResultBytes - Buffer.byteLength(JSON.stringify(facts));
  return { ...facts, ...bodyText(body, contentType, room) };
}

async function answerTo(
  socket: Socket,
  { payload, url, from, headers: own, idempotencyKey, signal }: Sending,
) {
  const { method } = payload;
  const body = bodyOf(payload);
  const headers = requestHeaders(payload, own, body, idempotencyKey);
  try {
    return await exchange(socket, { method, path: `${url.pathname}${url.search}`, headers, body }, signal);
  } catch (error) {
    if (error instanceof UnreadableResponse) throw responseFailure(from, method, error.message, error);
    throw connectionFailure(from, describe(error), error);
  }
}

function bodyOf({ body }: HttpRequestPayload): Buffer | undefined {
  if (body === undefined) return undefined;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

/** Returns what is wrong with the body of an unexpected response. */
function remarkOn({ fault, unknownCodings }: Body, isText: boolean): string | undefined {
  if (fault) return `its body cannot be read: ${faultIn(fault)}`;
  if (unknownCodings.length > 0) {
    return `its body has an unknown content coding: ${ellipsis(unknownCodings.join(', '), 200)}`;
  }
  return isText ? undefined : 'its body is no text';
}

/** Describes what ended a body early. */
function faultIn(fault: Error): string {
  const code = errnoOf(fault);
  // Node's words for a connection that ends within a body.
  if (code === 'ECONNRESET') return 'the connection ended within the body';
  // An error of zlib, such as "incorrect header check".
  if (typeof code === 'string' && /^(?:Z_|ERR_|ZSTD)/.test(code))
    return `wrong content coding: ${fault.message}`;
  return fault.message;
}

/** Describes a network error with its code, such as ECONNREFUSED. */
function describe(error: unknown): string {
  const code = errnoOf(error);
  // If several addresses were tried, the messages are in the inner errors.
  const inner = error instanceof AggregateError ? error.errors.map(describe) : [];
  const message = errorMessage(error) || inner.join(', ');
  return typeof code !== 'string' || message.includes(code) ? message : `${code}: ${message}`;
}

function durationOf(ms: number): string {
  return ms % 60_000 === 0 ? `${ms / 60_000} minutes` : `${ms / 1000} s`;
}
