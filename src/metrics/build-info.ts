import { createSample } from './sample.ts';
import type { Telemetry } from './telemetry.ts';

export interface BuildInfo {
  /** Version of Taskbell. */
  readonly version: string;
  /** Version of Temporal's SDK. */
  readonly sdk: string;
}

/**
 * Measures which versions run. The server's is read again from time to time: it may be upgraded. @returns a function that
 * ends that.
 */
export function measureBuild(
  telemetry: Telemetry,
  { version, sdk }: BuildInfo,
  probe: () => Promise<{ readonly serverVersion: string }>,
): () => void {
  const sample = createSample(async () => (await probe()).serverVersion);
  // The calls are measured themselves.
  const server = (): Promise<string> => sample.read().catch(() => 'unknown');
  return telemetry.gauge('taskbell_build_info', async () => [
    { labels: { version, node: process.versions.node, sdk, server: await server() }, value: 1 },
  ]);
}
