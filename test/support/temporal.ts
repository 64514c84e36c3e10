import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { readConfig } from '../../src/config.ts';
import { startEmbedded } from '../../src/engine/embedded.ts';
import { locateTemporal } from '../../src/engine/locate.ts';
import { ensureNamespace } from '../../src/temporal/namespace.ts';

export interface TestServer {
  readonly address: string;
  readonly namespace: string;
  readonly webUiUrl: string;
  readonly pid: number;
  close(): Promise<void>;
}

/** The code that starts a server. */
export interface Engine {
  readonly readConfig: typeof readConfig;
  readonly startEmbedded: typeof startEmbedded;
  readonly locateTemporal: typeof locateTemporal;
}

/**
 * Starts a Temporal server like that of `npm start`, on free ports and with its own database.
 * @param engine that of another version, to measure it
 */
export async function startTestServer(
  engine: Engine = { readConfig, startEmbedded, locateTemporal },
): Promise<TestServer> {
  const namespace = 'default';
  const home = await mkdtemp(join(tmpdir(), 'taskbell-test-'));
  const cli = await engine.locateTemporal(engine.readConfig().engine, ({ waitingFor }) =>
    console.log(`${waitingFor}…`),
  );
  const server = await engine.startEmbedded({ home, cli, port: 0, webUiPort: 0, namespace });
  // The server leads its own process group, so a Ctrl-C that ends the tests would leave it running.
  const dieWithTests = (): void => void process.kill(server.pid, 'SIGKILL');
  process.once('exit', dieWithTests);
  const close = async (): Promise<void> => {
    process.off('exit', dieWithTests);
    await server.close();
    await rm(home, { recursive: true, force: true });
  };
  try {
    await prepareNamespace(server.address, namespace);
  } catch (error) {
    await close();
    throw error;
  }
  const { address, webUiUrl = '', pid } = server;
  return { address, namespace, webUiUrl, pid, close };
}

/** Prepares the namespace of a server, which the tests then use. */
export async function prepareNamespace(address: string, namespace: string): Promise<void> {
  const connection = await Connection.connect({ address });
  try {
    await ensureNamespace(connection, { namespace, create: true });
  } finally {
    await connection.close();
  }
}
