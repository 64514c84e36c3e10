import type { Logger } from 'pino';
import { z } from 'zod';

/**
 * Messages from a role (`worker`, `api`) to the `taskbell up` that forked it. A role that was started on its
 * own has no parent: it sends nothing, and `onParentExit` never calls back.
 */
export const roleMessage = z.discriminatedUnion('type', [
  /** The role is serving. */
  z.object({
    type: z.literal('ready'),
    url: z.string().optional(),
    /** Address of its metrics, if they have a port. */
    metricsUrl: z.string().optional(),
  }),
  /** The role can't serve with this configuration, so restarting it is pointless. */
  z.object({ type: z.literal('fatal'), message: z.string() }),
]);

export type RoleMessage = z.infer<typeof roleMessage>;

export function notifyReady(
  info: { readonly url?: string; readonly metricsUrl?: string | undefined } = {},
): void {
  send({ type: 'ready', ...info });
}

/** Logs that a role has started or stopped; only at debug level under `up`, which prints its own messages. */
export function logLifecycle(logger: Logger, facts: Record<string, unknown>, message: string): void {
  logger[hasParent() ? 'debug' : 'info'](facts, message);
}

/** Reports a wrong configuration: `up` shows the message and exits instead of restarting the role. */
export function notifyFatal(message: string): void {
  send({ type: 'fatal', message });
}

/** Returns true when `taskbell up` started this process; `up` then shows a fatal message itself. */
export function hasParent(): boolean {
  return process.send !== undefined;
}

/** Calls back when the parent has ended, however it ended: the role must then end too. */
export function onParentExit(callback: () => void): void {
  if (!hasParent()) return;
  if (!process.connected) {
    callback();
    return;
  }
  process.once('disconnect', callback);
  // The channel alone must not keep a role alive that has closed everything else.
  process.channel?.unref();
}

function send(message: RoleMessage): void {
  // A failure means that the parent has ended, which onParentExit reports.
  process.send?.(message, undefined, undefined, () => undefined);
}
