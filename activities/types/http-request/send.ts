import { Agent, buildConnector, request } from 'undici';
import type { JsonValue } from '../../../src/contract/json.ts';
import type { AllowHosts } from '../../net/allow-hosts.ts';
import { AddressNotAllowed, publicOnlyConnector } from '../../net/connector.ts';
import { portOf } from '../../net/port.ts';
import { TaskFailure, type TaskContext } from '../define.ts';
import { readBody } from './body.ts';
import { isSuccess, statusFailure } from './outcome.ts';
import type { HttpRequestPayload } from './payload.ts';

const maxBodyBytes = 64 * 1024;
/** Maximum part of the body that is read for a failure's message, in bytes. */
const maxFailureBodyBytes = 2 * 1024;

/** Maximum time for each step of a request. The request as a whole ends with the context's signal. */
export interface HttpTimeouts {
  readonly connectMs: number;
  readonly headersMs: number;
  /** Maximum time between two pieces of the body. */
  readonly bodyMs: number;
}

const defaultTimeouts: HttpTimeouts = { connectMs: 10_000, headersMs: 300_000, bodyMs: 60_000 };

/**
 * Sends a request and reads its response.
 * @returns the task's result.
 * @throws {TaskFailure}, or the reason of the context's signal once that has fired.
 */
export async function sendRequest(
  context: TaskContext,
  payload: HttpRequestPayload,
  settings: { readonly isAllowedHost: AllowHosts; readonly timeouts: HttpTimeouts | undefined },
): Promise<JsonValue> {
  const { isAllowedHost, timeouts = defaultTimeouts } = settings;
  const url = new URL(payload.url);
  const agent = createAgent(url, isAllowedHost, timeouts);
  try {
    return await send(context, payload, url, agent);
  } catch (error) {
    // Whatever error an abort caused in the request, the attempt ends with the abort's reason.
    context.signal.throwIfAborted();
    throw asFailure(error, url);
  } finally {
    // Not close(): that would wait for a body that is no longer being read.
    await agent.destroy();
  }
}

/** Creates an agent for one request: a connection kept for the next one would skip the address check. */
function createAgent(url: URL, isAllowedHost: AllowHosts, timeouts: HttpTimeouts): Agent {
  const { connectMs, headersMs, bodyMs } = timeouts;
  return new Agent({
    connect: isAllowedHost(url) ? buildConnector({ timeout: connectMs }) : publicOnlyConnector(connectMs),
    headersTimeout: headersMs,
    bodyTimeout: bodyMs,
    pipelining: 0,
  });
}

async function send(
  context: TaskContext,
  payload: HttpRequestPayload,
  url: URL,
  agent: Agent,
): Promise<JsonValue> {
  const startedAt = performance.now();
  const { method, body, expected_status } = payload;
  const response = await request(url, {
    dispatcher: agent,
    method,
    headers: headersOf(payload, context.idempotencyKey),
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    signal: context.signal,
  });
  const status = response.statusCode;
  const headers = flatten(response.headers);
  const success = isSuccess(status, expected_status);
  const limit = success ? maxBodyBytes : maxFailureBodyBytes;
  const { text, truncated } = await readBody(response.body, headers['content-encoding'], limit);
  if (!success) throw statusFailure(hostAndPort(url), expected_status, { status, headers, body: text });
  return { status, headers, body: text, truncated, duration_ms: Math.round(performance.now() - startedAt) };
}

/** Merges the user's headers over ours. */
function headersOf({ headers, body }: HttpRequestPayload, idempotencyKey: string): Record<string, string> {
  const ours = {
    'user-agent': 'taskbell',
    'accept-encoding': 'identity',
    'idempotency-key': idempotencyKey,
    ...(body !== undefined && {
      'content-type': typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json',
    }),
  };
  const theirs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return { ...ours, ...Object.fromEntries(theirs) };
}

/** Joins a header that occurs several times into a list, as RFC 9110 does. */
function flatten(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const entries = Object.entries(headers);
  return Object.fromEntries(
    entries.map(([name, value]): [string, string] => [name, [value ?? ''].flat().join(', ')]),
  );
}

/** Makes network errors retryable: a name may resolve later, a refused connection may be accepted later. */
function asFailure(error: unknown, url: URL): TaskFailure {
  if (error instanceof TaskFailure) return error;
  if (error instanceof AddressNotAllowed) {
    return new TaskFailure('AddressNotAllowed', error.message, { retryable: false, cause: error });
  }
  const { code, message } = describe(error);
  const what = message.includes(code) ? message : `${code}: ${message}`;
  const text = `No response from ${hostAndPort(url)}: ${what}`;
  return new TaskFailure('HttpConnection', text, { retryable: true, cause: error });
}

function describe(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // If several addresses were tried, the messages are in the inner errors.
  const inner = error instanceof AggregateError ? error.errors.map((each) => describe(each).message) : [];
  return { code, message: error.message || inner.join(', ') };
}

function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}
