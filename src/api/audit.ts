import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { Principal, Scope } from '../auth/principal.ts';
import { scopeOf } from './access.ts';
import { rawPath } from './raw-path.ts';
import type { ApiEnv } from './types.ts';

/**
 * Pattern of the path of an object or of a command to it. Captures the collection, the id and the command.
 */
const objectPath = /^(\/api\/[a-z-]+)\/([0-9a-f-]{36})(?:\/([a-z-]+))?\/?$/i;

interface Audited {
  /** The scope that the route declares, if any. */
  readonly scope: Scope | undefined;
  /** The name of a command to one object; undefined for other routes. */
  readonly action: string | undefined;
}

/**
 * Logs every write that an authenticated caller attempts: who, what, on which task, and the status of the
 * response. Runs after authentication and before all other checks.
 */
export function audit(logger: Logger, { scope, action }: Audited): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    await next();
    const { method } = c.req;
    const path = rawPath(c);
    if (scopeOf(method, scope) === 'read') return;
    const [, collection, task, word] = objectPath.exec(path) ?? [];
    const created = c.res.headers.get('Location')?.split('/').at(-2);
    auditLine(logger, c.get('principal'), {
      action:
        task === undefined
          ? `${method} ${path.replace(/\/$/, '')}`
          : (action ?? word ?? `${method} ${collection}/ID`),
      task: task ?? created,
      status: c.res.status,
      requestId: c.res.headers.get('X-Request-Id'),
    });
  };
}

export interface AuditFacts {
  readonly action: string;
  readonly task?: string | undefined;
  /** HTTP status of the response, or of one item of a bulk request. */
  readonly status: number;
  readonly requestId: string | null;
}

export function auditLine(
  logger: Logger,
  { id, name, credential }: Pick<Principal, 'id' | 'name' | 'credential'>,
  facts: AuditFacts,
): void {
  const { action, task, status } = facts;
  logger.info(
    { audit: { actor: id, actorName: name, ...keyOf(credential), ...facts } },
    [`${name}:`, action, ...(task === undefined ? [] : [task]), `→ ${status}`].join(' '),
  );
}

/** Returns the prefix of the API key that was used, if any. */
function keyOf(credential: Principal['credential']): { key?: string } {
  return credential.type === 'key' ? { key: credential.prefix } : {};
}
