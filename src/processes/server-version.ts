import type { Logger } from 'pino';
import { errorMessage } from '../lib/error-message.ts';
import type { Temporal } from '../temporal/temporal.ts';

/** Minor versions of the Temporal server with which the tests have passed. */
const triedMinors: ReadonlySet<string> = new Set(['1.29', '1.31']);

/** Logs a warning if the Temporal server is of a version with which Taskbell was not tried. Never rejects. */
export async function warnOfUntriedServer(temporal: Pick<Temporal, 'probe'>, logger: Logger): Promise<void> {
  try {
    const { serverVersion } = await temporal.probe();
    const minor = serverVersion.split('.').slice(0, 2).join('.');
    if (triedMinors.has(minor)) return;
    const tried = [...triedMinors].join(' and ');
    logger.warn(
      { serverVersion },
      `Taskbell was tried with Temporal server ${tried}, not with ${serverVersion}`,
    );
  } catch (error) {
    // The overview and the health check report an outage; this is only about a version.
    logger.debug({ reason: errorMessage(error) }, "the Temporal server's version was not checked");
  }
}
