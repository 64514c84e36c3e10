import { createSample } from './sample.ts';
import type { Telemetry } from './telemetry.ts';

export interface BuildInfo {
  /** Version of Taskbell. */
  readonly version: string;
  /** Version of Temporal's SDK. */
  readonly sdk: string;
}

/** Measures which versions run. The server's is read again from time to time: it may be upgraded. */
export function measureBuild(
  telemetry: Telemetry,
  { version, sdk }: BuildInfo,
  probe: () => Promise<{ readonly serverVersion: string }>,
): () => void {
  const server = createSample(async () => {
    try {
      return (await probe()).serverVersion;
    } catch {
      // The calls are measured themselves.
      return 'unknown';
    }
  });
  return telemetry.gauge('taskbell_build_info', async () => [
    { labels: { version, node: process.versions.node, sdk, server: await server.read() }, value: 1 },
  ]);
}
