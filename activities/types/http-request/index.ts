import { createAllowHosts } from '../../net/allow-hosts.ts';
import { defineTaskType, type TaskType } from '../define.ts';
import { payloadSchema, type HttpRequestPayload } from './payload.ts';
import type { HttpTimeouts } from './send.ts';

/**
 * Creates the task type that sends one HTTP request, to the public internet only.
 *
 * @param settings.allowHosts `host:port` that may be called even if private or loopback, or on another port
 */
export function createHttpRequest(settings: {
  readonly allowHosts: readonly string[];
  readonly timeouts?: HttpTimeouts;
}): TaskType<HttpRequestPayload> {
  const { allowHosts, timeouts } = settings;
  const isAllowedHost = createAllowHosts(allowHosts);
  return defineTaskType({
    name: 'http-request',
    description: 'Sends an HTTP request and keeps the response',
    payload: payloadSchema(isAllowedHost),
    async run(context, payload) {
      // Loaded with the first request: undici takes 85 ms of CPU time, and most processes send none.
      const { sendRequest } = await import('./send.ts');
      return sendRequest(context, payload, { isAllowedHost, timeouts });
    },
  });
}
