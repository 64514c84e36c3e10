import type { Logger } from 'pino';
import { z } from 'zod';

/**
 * What a role (`worker`, `api`) and the `taskbell up` that forked it say to each other. A role that was started by
 * itself has no parent: then nothing is said, and nobody is ever gone.
 */
export const roleMessage = z.discriminatedUnion('type', [
  /** It serves now. */
  z.object({ type: z.literal('ready'), url: z.string().optional() }),
  /** It can never serve as it is set up: starting it again is of no use. */
  z.object({ type: z.literal('fatal'), message: z.string() }),
]);

export type RoleMessage = z.infer<typeof roleMessage>;

export function notifyReady(info: { readonly url?: string } = {}): void {
  send({ type: 'ready', ...info });
}

/** Says that a role has come or gone: in its log when it stands alone; `up` tells in its own words. */
export function logLife(logger: Logger, facts: Record<string, unknown>, message: string): void {
  logger[hasParent() ? 'debug' : 'info'](facts, message);
}

/** For a wrong configuration: `up` shows the message and ends, in place of restarting the role. */
export function notifyFatal(message: string): void {
  send({ type: 'fatal', message });
}

/** True when `taskbell up` started this process; it shows a fatal message itself. */
export function hasParent(): boolean {
  return process.send !== undefined;
}

/** Calls back when the parent is gone, in whatever way it went: the role must end then. */
export function onParentGone(callback: () => void): void {
  if (!hasParent()) return;
  if (!process.connected) {
    callback();
    return;
  }
  process.once('disconnect', callback);
  // The channel alone must not keep a role alive that has ended everything else.
  process.channel?.unref();
}

function send(message: RoleMessage): void {
  // A failure means that the parent is gone: onParentGone tells.
  process.send?.(message, undefined, undefined, () => undefined);
}
