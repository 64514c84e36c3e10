/**
 * The metrics of a role's process: off, or serving → closed. Without TASKBELL_METRICS_PORT, and for the API also
 * TASKBELL_METRICS_TOKEN, nothing is measured, and no port is opened.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Logger } from 'pino';
import { z } from 'zod';
import type { Config } from '../config.ts';
import { choosePorts, listenError } from '../engine/ports.ts';
import { measureBuild } from '../metrics/build-info.ts';
import type { Metrics, MetricsPage } from '../metrics/registry.ts';
import { noTelemetry, type Telemetry } from '../metrics/telemetry.ts';
import { packageManifest } from './own-build.ts';
import type { ProcessRole } from './role.ts';

export interface RoleMetrics {
  /** Drops what it gets if metrics are off. */
  readonly telemetry: Telemetry;
  /** Undefined if metrics are off. */
  readonly page: (() => Promise<MetricsPage>) | undefined;
  /** Address of the page on a port of its own; undefined without one. */
  readonly url: string | undefined;
  /** Chooses an address for the metrics of the SDK's core, which the page then includes. Undefined if metrics are off. */
  readonly chooseCoreAddress: (() => Promise<string>) | undefined;
  close(): Promise<void>;
}

const manifestShape = z.object({ version: z.string() });
const variable = 'TASKBELL_METRICS_PORT';
const off: RoleMetrics = {
  telemetry: noTelemetry,
  page: undefined,
  url: undefined,
  chooseCoreAddress: undefined,
  close: async () => undefined,
};

/** @throws {SetupError} if the port can't be used. */
export async function startMetrics(
  { host, metrics: { port, token } }: Pick<Config, 'host' | 'metrics'>,
  role: ProcessRole,
  logger: Logger,
): Promise<RoleMetrics> {
  if (port === undefined && (token === undefined || role === 'worker')) return off;
  // Loaded only if they are on: every process of the service would pay for it.
  const { createMetrics } = await import('../metrics/registry.ts');
  const onMissing = (parts: readonly string[], error: unknown): void =>
    logger.warn({ err: error }, `missing from the metrics: ${parts.join(', ')}`);
  const metrics = createMetrics({ role, onMissing });
  const chooseCoreAddress = role === 'worker' ? includeCore(metrics) : undefined;
  const { telemetry, page } = metrics;
  if (port === undefined) return { ...off, telemetry, page, close: async () => metrics.close() };
  const { serveMetrics } = await import('../metrics/server.ts');
  const server = await serveMetrics({ host, port, page }).catch((error: unknown) => {
    metrics.close();
    throw listenError(error, { host, port, variable });
  });
  const close = async (): Promise<void> => {
    await server.close();
    metrics.close();
  };
  return { telemetry, page, url: server.url, chooseCoreAddress, close };
}

/** Adds the metrics of the SDK's core to the page. @returns a function that chooses another address for them. */
function includeCore(metrics: Metrics): () => Promise<string> {
  const host = '127.0.0.1';
  let address: string | undefined;
  metrics.include("the SDK's core", async (late) => {
    // Until the worker has started, there are none.
    if (address === undefined) return '';
    const response = await fetch(`http://${address}/metrics`, { signal: late });
    if (!response.ok) throw new Error(`the metrics of the SDK's core: HTTP ${response.status}`);
    return response.text();
  });
  return async () => {
    const [port = 0] = await choosePorts(host, [{ port: 0, variable }]);
    address = `${host}:${port}`;
    return address;
  };
}

/** Measures the versions that a role's process runs with. @returns a function that ends this. */
export async function measureVersions(
  telemetry: Telemetry,
  probe: () => Promise<{ readonly serverVersion: string }>,
): Promise<() => void> {
  if (telemetry === noTelemetry) return () => undefined;
  const sdk = versionIn(createRequire(import.meta.url)('@temporalio/common/package.json'));
  const version = versionIn(JSON.parse(await readFile(packageManifest(), 'utf8')));
  return measureBuild(telemetry, { version, sdk }, probe);
}

function versionIn(manifest: unknown): string {
  return manifestShape.parse(manifest).version;
}
