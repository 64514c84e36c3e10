import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { RateLimit } from '../lib/token-bucket.ts';
import type { Telemetry } from '../metrics/telemetry.ts';
import type { Access } from './access.ts';
import { audit } from './audit.ts';
import { limitBody, requireJson } from './body.ts';
import { limitBulk } from './bulk-admission.ts';
import { limitTime } from './deadline.ts';
import { chargeCalls, limitRate } from './rate-limit.ts';
import type { DeclaredRoute, RouteRules } from './route.ts';
import type { ApiEnv } from './types.ts';

/** Turns the rules of routes into the middleware that enforces them. */
export interface RouteGuards {
  /**
   * Returns the checks of the caller: authentication, scope, rate limit. Writes are logged once the caller is
   * known.
   */
  admit(rules: RouteRules): MiddlewareHandler<ApiEnv>[];
  /**
   * Returns all middleware that runs before the validators. No part of a body is read before its caller is
   * admitted.
   */
  before(route: DeclaredRoute): MiddlewareHandler<ApiEnv>[];
}

interface Dependencies {
  readonly access: Pick<Access, 'requirePrincipal' | 'requireSession' | 'requireScope'>;
  /** Rate limit of each account's requests; none if undefined. */
  readonly rate: RateLimit | undefined;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
}

export function createRouteGuards({ access, rate, logger, telemetry }: Dependencies): RouteGuards {
  const limited = limitRate(rate);
  const charged = chargeCalls(rate);
  // One limit for all bulk routes: they share the memory that it protects.
  const bulk = limitBulk(telemetry);

  function admit({ caller, scope, action }: RouteRules): MiddlewareHandler<ApiEnv>[] {
    if (caller === 'anyone') return [];
    const authenticate = caller === 'session' ? access.requireSession : access.requirePrincipal;
    return [authenticate, audit(logger, { scope, action }), access.requireScope(scope), limited];
  }

  return {
    admit,
    before({ path, rules }) {
      const { maxBodyBytes, checksValues = false, isBulk = false, isStream = false } = rules;
      // Nothing outside of /api takes a body.
      const takesBody = path.startsWith('/api/');
      const body = [limitBody(maxBodyBytes), requireJson({ checkValues: !checksValues })];
      const time = isBulk || isStream ? [] : [limitTime];
      // A bulk request is counted by its tasks. A stream goes on after its response has begun.
      const calls = isBulk || isStream || rules.caller === 'anyone' ? [] : [charged];
      // Last: a slow upload takes none of the time for Temporal.
      return [...admit(rules), ...(isBulk ? [bulk] : []), ...(takesBody ? body : []), ...calls, ...time];
    },
  };
}
