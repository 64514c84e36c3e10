import type { Logger } from 'pino';
import { detached } from '../lib/detached.ts';
import { problemOutsideApp } from '../api/problem.ts';
import type { Gate } from '../auth/gate.ts';
import { createAdmission } from '../bridge/admission.ts';
import { createDeletionNotices } from '../bridge/deletion-notices.ts';
import { createFeedLimit } from '../bridge/feed-limit.ts';
import { createHub, type Hub } from '../bridge/hub.ts';
import { createPoller, type Poller } from '../bridge/poller.ts';
import { createSockets, type Sockets } from '../bridge/sockets.ts';
import { createStreams, type Streams } from '../bridge/streams.ts';
import type { TaskFilter } from '../contract/filter.ts';
import { createClosers } from '../lib/closers.ts';
import type { RateLimit } from '../lib/token-bucket.ts';
import type { Actor } from '../resources/actor.ts';
import type { TaskService } from '../tasks/service.ts';
import { logCloseErrors } from './log.ts';
import type { Telemetry } from '../metrics/telemetry.ts';

interface FeedOptions {
  readonly tasks: TaskService;
  readonly gate: Gate;
  readonly rate: RateLimit | undefined;
  /** Maximum number of open feeds of one account; 0 for no limit. */
  readonly maxFeeds: number;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
}

/** The feeds of an API process: open → closed. Its owner closes them. */
export interface Feeds {
  readonly sockets: Sockets;
  readonly streams: Streams;
  /** Reports that a task has just been written, ahead of the next tick. */
  readonly look: Poller['look'];
  /** Reports that a task has been deleted. */
  readonly deleted: (id: string, owner: string) => void;
  /** Ends the watchers, then the poller that feeds them. Never rejects. */
  close(): Promise<void>;
}

/** Connects what watches tasks: the poller finds changes, the hub passes them on to sockets and event streams. */
export function createFeeds({ tasks, gate, rate, maxFeeds, logger, telemetry }: FeedOptions): Feeds {
  const { authenticate, tickets, credentialStatus } = gate;
  const { hub, poller, stopGauge } = createHubAndPoller(tasks, logger, telemetry);
  async function lookAtUnderWay(actor: Actor, filter: TaskFilter): Promise<void> {
    try {
      for (const id of await tasks.underWay(actor, filter)) poller.look(id);
    } catch (error) {
      // Not fatal: each of these tasks reaches the feed with its next change.
      logger.warn({ err: error }, 'failed to list the tasks under way');
    }
  }
  // One limit for both: they cost the same.
  const limit = createFeedLimit(maxFeeds, telemetry);
  const sockets = createSockets({
    hub,
    admit: createAdmission({ authenticate, tickets, rate }),
    observeAs: tasks.observeAs,
    visibleTo: tasks.visibleTo,
    onWatchAll: (actor, filter) => void lookAtUnderWay(actor, filter),
    isCredentialValid: credentialStatus.isValid,
    limit,
    problemOf: problemOutsideApp,
    logger,
    telemetry,
  });
  const streams = createStreams({
    hub,
    observeAs: tasks.observeAs,
    isCredentialValid: credentialStatus.isValid,
    limit,
    telemetry,
  });
  credentialStatus.onChange(() => {
    for (const watching of [sockets, streams]) watching.closeInvalid();
  });
  const notices = createDeletionNotices({ post: tasks.postDeletions, remove: tasks.removeNotice, logger });
  const deleted = (id: string, owner: string): void => {
    const deletion = { id, owner, at: tasks.now() };
    detached(() => {
      hub.deleted(id, owner, deletion.at);
      notices.add(deletion);
    });
  };
  const look: Poller['look'] = (...request) => detached(() => poller.look(...request));
  const closers = createClosers(logCloseErrors(logger));
  closers.add(stopGauge);
  for (const each of [notices, poller, sockets, streams]) closers.add(() => each.close());
  return { sockets, streams, look, deleted, close: closers.close };
}

/** Creates hub and poller, which need each other: the first watcher wakes the poller, which feeds the hub. */
function createHubAndPoller(
  tasks: Parameters<typeof createPoller>[0]['source'] & Pick<TaskService, 'now'>,
  logger: Logger,
  telemetry: Telemetry,
): { hub: Hub; poller: Poller; stopGauge: () => void } {
  const feed: { poller?: Poller } = {};
  const hub = createHub({ onFirst: () => feed.poller?.wake(), now: tasks.now, telemetry });
  const stopGauge = telemetry.gauge('taskbell_bridge_watched', () => [{ labels: {}, value: hub.size }]);
  const poller = createPoller({ hub, source: tasks, logger, telemetry });
  feed.poller = poller;
  return { hub, poller, stopGauge };
}
