import { createAllowHosts } from '../../net/allow-hosts.ts';
import { defineTaskType, type TaskType } from '../define.ts';
import { payloadSchema, type HttpRequestPayload } from './payload.ts';
import { sendRequest, type HttpTimeouts } from './send.ts';

/** Time limits of a request; a user can shorten them only by those of the task. */
export const defaultTimeouts: HttpTimeouts = { connectMs: 10_000, bodyMs: 60_000, totalMs: 300_000 };

/**
 * Creates the task type that sends one HTTP request, to the public internet only.
 *
 * @param settings.allowHosts `host:port` that may be called even if private or loopback, or on another port
 * @param settings.warn writes to the operator's log; by default to stderr, which the worker copies to its log
 */
export function createHttpRequest(settings: {
  readonly allowHosts: readonly string[];
  readonly timeouts?: HttpTimeouts;
  readonly warn?: (line: string) => void;
}): TaskType<HttpRequestPayload> {
  const { allowHosts, timeouts = defaultTimeouts, warn = console.warn } = settings;
  const isAllowedHost = createAllowHosts(allowHosts);
  return defineTaskType({
    name: 'http-request',
    description: 'Sends an HTTP request and keeps the response',
    payload: payloadSchema(isAllowedHost),
    run: (context, payload) => sendRequest(context, payload, { isAllowedHost, timeouts, warn }),
  });
}
