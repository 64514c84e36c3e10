import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import type { TaskTypes } from '../../activities/types/index.ts';
import type { Authenticate } from '../auth/authenticate.ts';
import type { LocalAccounts } from '../auth/gate.ts';
import type { Principal } from '../auth/principal.ts';
import type { Session } from '../auth/sessions.ts';
import type { Tickets } from '../auth/tickets.ts';
import type { Config } from '../config.ts';
import type { Streams } from '../bridge/streams.ts';
import type { RateLimit } from '../lib/token-bucket.ts';
import type { ScheduleService } from '../schedules/service.ts';
import type { TaskService } from '../tasks/service.ts';
import type { Assets } from './assets.ts';
import type { MetricsPage } from '../metrics/registry.ts';
import type { Telemetry } from '../metrics/telemetry.ts';

export interface ApiDependencies {
  readonly tasks: TaskService;
  readonly schedules: ScheduleService;
  readonly taskTypes: TaskTypes;
  /** Local accounts; undefined if an identity provider has the accounts. */
  readonly localAccounts: LocalAccounts | undefined;
  readonly tickets: Tickets;
  readonly authenticate: Authenticate;
  /** Files of /docs. */
  readonly docs: Assets;
  /** Files of the web app at `/`. */
  readonly dashboard: Assets;
  /** Signs list cursors. */
  readonly cursorKey: Uint8Array;
  /** Notifies this process's feed that a task has just been written, ahead of the next tick. */
  readonly onTaskWritten: (id: string) => void;
  /** Notifies clients that watch an owner's tasks that one of them has been deleted. */
  readonly onTaskDeleted: (id: string, owner: string) => void;
  readonly streams: Pick<Streams, 'open'>;
  readonly limits: Pick<Config['limits'], 'corsOrigins' | 'trustedProxies'>;
  /** Rate limit of each account's requests; none if undefined. */
  readonly rate: RateLimit | undefined;
  readonly logger: Logger;
  readonly telemetry?: Telemetry;
  /** The page of the metrics, for callers with its token. There is none if undefined. */
  readonly metrics?: { readonly token: string; readonly page: () => Promise<MetricsPage> } | undefined;
}

/** What the middleware provides to the routes. */
export interface ApiEnv {
  /** Empty if a test calls the app without a port. */
  Bindings: Partial<HttpBindings>;
  /**
   * `receivedAt` is in milliseconds. `principal` is set for callers with an account, `session` only for the session
   * routes, and `isPage` only for pages.
   */
  Variables: { principal: Principal; session: Session; receivedAt: number; isPage?: true };
}

export type Api = OpenAPIHono<ApiEnv>;
