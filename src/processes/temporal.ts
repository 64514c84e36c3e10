import type { TemporalConnectionOptions } from '../temporal/native.ts';
import { type Config, ConfigError } from '../config.ts';

/**
 * Returns the options with which a role connects to Temporal. `taskbell up` passes the address of its own
 * server to its roles.
 * @throws ConfigError when a role is started on its own and no Temporal server is configured.
 */
export function temporalConnection({ temporal: { external } }: Config): TemporalConnectionOptions {
  if (external) return external.connectionOptions;
  throw new ConfigError(
    'TEMPORAL_ADDRESS: must be set to the address of Temporal; `taskbell up` starts its own server.',
  );
}
