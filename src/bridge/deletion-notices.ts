/**
 * Notifies the feeds of other API processes of deletions. The first deletion is posted at once; those that come while a
 * notice is being posted go into the next one, so that a bulk request needs few.
 *
 * idle ⇄ posting → closed (`close()`: waits until all is posted that was added before it). Never throws: a notice that
 * cannot be posted is logged, and watchers of the other processes find out within a minute.
 */
import type { Logger } from 'pino';
import type { Deletion } from '../tasks/deletions.ts';

export interface DeletionNoticesOptions<N> {
  readonly post: (deletions: readonly Deletion[]) => Promise<N>;
  readonly remove: (notice: N) => Promise<void>;
  readonly logger: Logger;
  readonly keepMs?: number;
}

export interface DeletionNotices {
  add(deletion: Deletion): void;
  close(): Promise<void>;
}

/** Maximum number of deletions in one notice: lists return it whole. */
const maxDeletions = 100;
/** Time after which every process has seen a notice, in milliseconds. Longer than the slowest tick and the lag of lists. */
const defaultKeepMs = 15_000;

export function createDeletionNotices<N>(options: DeletionNoticesOptions<N>): DeletionNotices {
  const { post, remove, logger, keepMs = defaultKeepMs } = options;
  const waiting: Deletion[] = [];
  const removals = new Set<NodeJS.Timeout>();
  let posting: Promise<void> | undefined;

  async function postAll(): Promise<void> {
    while (waiting.length > 0) {
      try {
        removeLater(await post(waiting.splice(0, maxDeletions)));
      } catch (error) {
        logger.warn({ err: error }, 'could not notify other API processes of deletions');
      }
    }
  }

  function removeLater(notice: N): void {
    const timer = setTimeout(() => {
      removals.delete(timer);
      // The server ends it otherwise.
      remove(notice).catch((error: unknown) => logger.debug({ err: error }, 'could not remove a notice'));
    }, keepMs);
    // Nor does it keep a process that has been asked to stop: deletions of its last requests can come after `close`.
    removals.add(timer.unref());
  }

  return {
    add(deletion) {
      waiting.push(deletion);
      posting ??= postAll().finally(() => (posting = undefined));
    },
    async close() {
      await posting;
      for (const timer of removals) clearTimeout(timer);
    },
  };
}
