import type { ConnectionOptions } from '@temporalio/client';
import { type Config, ConfigError } from '../config.ts';

/**
 * How a role reaches Temporal. `taskbell up` tells its roles where its own server is.
 * @throws ConfigError when a role is started by itself and nobody has said where Temporal is.
 */
export function temporalConnection({ temporal: { external } }: Config): ConnectionOptions {
  if (external) return external.connectionOptions;
  throw new ConfigError('TEMPORAL_ADDRESS: must say where Temporal is; `taskbell up` brings its own server.');
}
