import type { Config } from '../config.ts';
import { connectTemporal } from '../engine/connect.ts';
import { EngineError, type Report } from '../engine/errors.ts';
import { type NamespaceFacts, ensureNamespace } from '../engine/namespace.ts';

/**
 * `taskbell setup`: makes the namespace of somebody's own Temporal server fit for Taskbell.
 * @throws {EngineError} when there is none, or it refuses.
 */
export async function setup(config: Config, report?: Report): Promise<NamespaceFacts> {
  const { external, namespace } = config.temporal;
  if (external === undefined) {
    throw new EngineError(
      'Nothing to set up: no TEMPORAL_ADDRESS is set, and `taskbell up` prepares a server of its own by itself.',
    );
  }
  const connection = await connectTemporal(external.connectionOptions);
  try {
    return await ensureNamespace(connection, { namespace, create: true, report });
  } finally {
    await connection.close();
  }
}
