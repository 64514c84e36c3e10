import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { Principal } from '../auth/principal.ts';
import { scopeOf } from './access.ts';
import type { ApiEnv } from './types.ts';

/** Logs every attempted write: who, what, on which task, and the status of the response. */
export function audit(logger: Logger): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    await next();
    const { method, path } = c.req;
    // Undefined if the request was not authenticated.
    const principal = c.get('principal') as ApiEnv['Variables']['principal'] | undefined;
    if (scopeOf(method, path) === 'read' || !principal) return;
    const [, task, command] = /^\/api\/tasks\/([0-9a-f-]{36})(?:\/([a-z-]+))?\/?$/i.exec(path) ?? [];
    const created = c.res.headers.get('Location')?.split('/').at(-2);
    auditLine(logger, principal, {
      action: command ?? `${method} ${task === undefined ? path.replace(/\/$/, '') : '/api/tasks/ID'}`,
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
