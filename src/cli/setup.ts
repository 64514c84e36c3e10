import type { Config } from '../config.ts';
import { connectTemporal } from '../temporal/connect.ts';
import { EngineError, type Report } from '../temporal/engine-error.ts';
import { type NamespaceFacts, ensureNamespace } from '../temporal/namespace.ts';

/**
 * Runs `taskbell setup`: prepares the namespace of an external Temporal server for Taskbell.
 * @throws {EngineError} when no external server is configured, or it refuses.
 */
export async function setup(config: Config, report?: Report): Promise<NamespaceFacts> {
  const { external, namespace } = config.temporal;
  if (external === undefined) {
    throw new EngineError(
      'Nothing to set up: TEMPORAL_ADDRESS is not set, and `taskbell up` prepares its own server.',
    );
  }
  const connection = await connectTemporal(external.connectionOptions);
  try {
    return await ensureNamespace(connection, { namespace, create: true, report });
  } finally {
    await connection.close();
  }
}
