import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { searchAttributes } from '../../src/contract/names.ts';
import { type EmbeddedOptions, type EmbeddedServer, startEmbedded } from '../../src/engine/embedded.ts';
import { blockedPorts } from '../../src/engine/hidden-ports.ts';
import { cachedPath, locateTemporal } from '../../src/engine/locate.ts';
import { ensureNamespace } from '../../src/temporal/namespace.ts';
import { isRunning } from '../support/child-processes.ts';
import { listenersOf, type RawAnswer, sendRaw } from '../support/raw-request.ts';
import { waitFor } from '../support/wait-for.ts';

vi.setConfig({ testTimeout: 60_000 });

const { IndexedValueType } = proto.temporal.api.enums.v1;
const namespace = 'default';
const cli = await locateTemporal(readConfig().engine, () => undefined);

let home: string;
let servers: EmbeddedServer[];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'taskbell-engine-'));
  servers = [];
});

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await rm(home, { recursive: true, force: true });
});

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedServer> {
  const server = await startEmbedded({ home, cli, port: 0, webUiPort: 0, namespace, ...options });
  servers.push(server);
  return server;
}

async function withConnection<T>(
  server: EmbeddedServer,
  use: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  try {
    return await use(connection);
  } finally {
    await connection.close();
  }
}

describe('the embedded server', () => {
  test('keeps its workflows across a restart', async () => {
    const first = await start();
    await withConnection(first, (connection) =>
      new Client({ connection }).workflow.start('sleeper', { taskQueue: 'unserved', workflowId: 'kept' }),
    );
    await first.close();
    const second = await start();
    const status = await withConnection(second, async (connection) => {
      const description = await new Client({ connection }).workflow.getHandle('kept').describe();
      return description.status.name;
    });
    expect(status).toBe('RUNNING');
  });

  test('keeps ended workflows for 30 days, and has the search attributes of tasks', async () => {
    const server = await start();
    await withConnection(server, async (connection) => {
      await expect(ensureNamespace(connection, { namespace, create: true })).resolves.toEqual({
        retentionDays: 30,
      });
      const { config } = await connection.workflowService.describeNamespace({ namespace });
      expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 86_400);
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
      expect(Object.keys(customAttributes)).toEqual(
        expect.arrayContaining(Object.values(searchAttributes).map(({ name }) => name)),
      );
    });
  });

  test('lists workflows without reading its settings from the database for each of them', async () => {
    const server = await start();
    const args = (await readFile(`/proc/${server.pid}/cmdline`, 'utf8')).split('\0');
    const metrics = { host: '127.0.0.1', port: Number(args[args.indexOf('--metrics-port') + 1]) };
    /** Returns how often the server has called its stores for one of these operations, as of a second ago. */
    const calls = async (operations: string) => {
      const answer = await sendRaw(metrics, { path: '/metrics', headers: {} });
      const counter = new RegExp(`persistence_requests\\{.*operation="(${operations})".* (\\d+)$`);
      const counts = (answer?.body ?? '').split('\n').map((line) => Number(counter.exec(line)?.[2] ?? 0));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    await withConnection(server, async (connection) => {
      await ensureNamespace(connection, { namespace, create: true });
      const { workflow } = new Client({ connection });
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const typedSearchAttributes = [{ key: searchAttributes.owner, value: 'alice' }];
      for (const workflowId of ids)
        await workflow.start('sleeper', { taskQueue: 'unserved', workflowId, typedSearchAttributes });
      const list = async () => {
        const query = `${searchAttributes.owner.name} = 'alice'`;
        const { executions } = await connection.workflowService.listWorkflowExecutions({ namespace, query });
        return executions.length;
      };
      await waitFor('all of them', async () => (await list()) === ids.length);
      const lists = () => calls('ListWorkflowExecutions');
      const settings = () => calls('GetCurrentClusterMetadata|GetNamespace');
      await waitFor('the first list', async () => (await lists()) > 0);
      const before = { lists: await lists(), settings: await settings() };
      expect(before.settings).toBeGreaterThan(0);
      for (let i = 0; i < 20; i += 1) await list();
      await waitFor('the lists', async () => (await lists()) >= before.lists + 20);
      // As the development server is set by default, it reads three records for each workflow.
      expect((await settings()) - before.settings).toBeLessThan(ids.length * 20);
    });
  });

  test('keeps the retention period across a restart', async () => {
    const first = await start();
    await withConnection(first, (connection) => ensureNamespace(connection, { namespace, create: true }));
    await first.close();
    const second = await start();
    await withConnection(second, (connection) =>
      expect(ensureNamespace(connection, { namespace, create: false })).resolves.toEqual({
        retentionDays: 30,
      }),
    );
  });

  test('serves the Temporal Web UI, and answers no web page under a foreign name, on whichever port', async () => {
    const server = await start();
    const { webUiPort = 0 } = server;
    const own = { headers: { host: `127.0.0.1:${webUiPort}` } };
    await waitFor('the Web UI to respond', async () => {
      const answer = await sendRaw({ host: '127.0.0.1', port: webUiPort }, own);
      return answer?.status === 200 && answer.body.includes('<html');
    });
    const opened = [...listenersOf(server.pid), { host: '127.0.0.1', port: webUiPort }];
    const reachable = opened.filter(({ port }) => !isBlocked(port));
    // gRPC, the Web UI's proxy, the HTTP API and ports between the server's parts; not its metrics and its own Web UI.
    expect(opened.length - reachable.length).toBe(2);
    expect(reachable.map(({ port }) => port)).toEqual(expect.arrayContaining([server.port, webUiPort]));
    const answers: (RawAnswer | undefined)[] = [];
    for (const place of reachable) {
      for (const host of ['evil.test', `evil.test:${place.port}`]) {
        for (const path of ['/', '/metrics', '/api/v1/namespaces', '/namespaces'])
          answers.push(await sendRaw(place, { path, headers: { host } }));
      }
    }
    const statuses = answers.flatMap((answer) => answer?.status ?? []);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.filter((status) => ![403, 404].includes(status))).toEqual([]);
    await withConnection(server, (connection) => connection.workflowService.getSystemInfo({}));
  });

  test('rejects all requests to its HTTP API, which web pages could reach', async () => {
    const server = await start({ webUiPort: undefined });
    const answers = await Promise.all(
      listenersOf(server.pid).map((place) =>
        sendRaw(place, {
          method: 'POST',
          path: '/api/v1/namespaces/default/workflows/x/terminate',
          headers: { host: `127.0.0.1:${place.port}`, 'content-type': 'text/plain' },
        }),
      ),
    );
    expect(answers).toContainEqual({ status: 403, body: expect.stringContaining('Host not allowed') });
    expect(answers.filter((answer) => answer?.status === 200)).toEqual([]);
    expect(server.webUiUrl).toBeUndefined();
  });

  test('keeps its files private, even if other users may enter its folder', async () => {
    await chmod(home, 0o755);
    await start();
    const names = ['temporal.db', 'temporal.db-wal', 'temporal.db-shm', 'engine.json', 'logs/temporal.log'];
    for (const name of names) expect((await stat(join(home, name))).mode & 0o077, name).toBe(0);
  });

  test('leaves nothing of a deleted workflow in its files after the next start', async () => {
    const canary = `canary-${randomUUID()}`;
    const server = await start();
    await withConnection(server, async (connection) => {
      const { workflow, workflowService } = new Client({ connection });
      const options = { taskQueue: 'unserved', workflowId: 'secret', args: [canary] };
      await workflow.start('secret', options);
      await workflow.getHandle('secret').terminate();
      expect(await filesWith(canary)).not.toEqual([]);
      await workflowService.deleteWorkflowExecution({
        namespace,
        workflowExecution: { workflowId: 'secret' },
      });
      await waitFor('the workflow to be deleted', async () => {
        const { executions } = await workflowService.listWorkflowExecutions({ namespace });
        return executions?.length === 0;
      });
    });
    await server.close();
    await (await start()).close();
    expect(await filesWith(canary)).toEqual([]);
  });

  test.runIf(existsSync('/proc/self/environ')).each([
    ['half as often as by default', undefined, 'GOGC=200'],
    ['as often as GOGC says, if that is set', '50', 'GOGC=50'],
  ])('collects garbage %s', async (_often, given, expected) => {
    vi.stubEnv('GOGC', given);
    const { pid } = await start();
    vi.unstubAllEnvs();
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    expect(environment.split('\0').filter((each) => each.startsWith('GOGC='))).toEqual([expected]);
  });

  test('has ended after close(), and is no longer recorded in engine.json', async () => {
    const server = await start();
    await server.close();
    expect(isRunning(server.pid)).toBe(false);
    await expect(server.ended).resolves.toBe('it exited with code 0');
    expect(JSON.parse(await readFile(join(home, 'engine.json'), 'utf8'))).toMatchObject({ process: null });
  });

  test('reports when it is killed, with the signal', async () => {
    const server = await start();
    process.kill(server.pid, 'SIGKILL');
    await expect(server.ended).resolves.toBe('it was ended by SIGKILL');
  });

  test('does not start on a port in use, and the error names the variable that sets the port', async () => {
    const occupier = createServer().listen(0, '127.0.0.1');
    await once(occupier, 'listening');
    const { port } = occupier.address() as AddressInfo;
    try {
      await expect(start({ port })).rejects.toThrow(
        `Port ${port} on 127.0.0.1 is in use. Stop what uses it, or set TASKBELL_TEMPORAL_PORT to another port. ` +
          `If it is a Temporal server that Taskbell should use, set TEMPORAL_ADDRESS to 127.0.0.1:${port}.`,
      );
      await expect(start({ webUiPort: port })).rejects.toThrow('TASKBELL_TEMPORAL_UI_PORT');
    } finally {
      occupier.close();
    }
  });

  test('quotes its last output in the error when it exits before it is ready', async () => {
    await mkdir(join(home, 'temporal.db'));
    await expect(start()).rejects.toThrow(/did not start: it exited with code 1[^]*unable to open database/);
  });

  test('replaces a database whose creation was interrupted', async () => {
    await writeFile(join(home, 'temporal.db'), '');
    await writeFile(
      join(home, 'engine.json'),
      JSON.stringify({ database: { serverVersion: cli.serverVersion, complete: false }, process: null }),
    );
    await expect(start()).resolves.toMatchObject({ pid: expect.any(Number) });
  });

  test('does not start without the database that it had, and says what to do', async () => {
    await (await start()).close();
    for (const name of ['temporal.db', 'temporal.db-wal', 'temporal.db-shm'])
      await rm(join(home, name), { force: true });
    await expect(start()).rejects.toThrow(
      `${join(home, 'temporal.db')} is missing, which had all tasks. Restore it from a backup, or delete ` +
        `${join(home, 'engine.json')} to start with no tasks.`,
    );
  });

  test.each([
    ['deleted', (path: string) => rm(path)],
    [
      'replaced',
      async (path: string) => copyFile(path, `${path}.new`).then(() => rename(`${path}.new`, path)),
    ],
  ])(
    'is killed at once when its database is %s, since it would lose every new task',
    async (what, change) => {
      const lost: string[] = [];
      const server = await start({ onDatabaseLost: ({ message }) => lost.push(message) });
      await change(join(home, what === 'deleted' ? 'temporal.db-wal' : 'temporal.db'));
      await expect(server.ended).resolves.toBe('it was ended by SIGKILL');
      expect(lost).toEqual([
        expect.stringContaining(
          'was deleted or replaced while the service was running. The Temporal server was stopped',
        ),
      ]);
    },
  );

  test('rejects a database that another minor version of the server created', async () => {
    await writeFile(join(home, 'temporal.db'), '');
    await writeFile(
      join(home, 'engine.json'),
      JSON.stringify({ database: { serverVersion: '1.32.0', complete: true }, process: null }),
    );
    await expect(start()).rejects.toThrow(
      /was created by Temporal server 1\.32\.0;[^]*Set TEMPORAL_CLI to one with/,
    );
  });

  test('starts a new log file when the old one is over 10 MB, and keeps the old one', async () => {
    await mkdir(join(home, 'logs'));
    await writeFile(join(home, 'logs', 'temporal.log'), Buffer.alloc(10 * 1024 * 1024 + 1));
    const server = await start();
    expect((await stat(server.logPath)).size).toBeLessThan(1_000_000);
    expect((await stat(`${server.logPath}.1`)).size).toBeGreaterThan(10 * 1024 * 1024);
  });
});

describe('a namespace', () => {
  test('that setup has not prepared is rejected with a list of what is missing', async () => {
    const server = await start();
    await withConnection(server, async (connection) => {
      await expect(ensureNamespace(connection, { namespace: 'none', create: false })).rejects.toThrow(
        /Missing:\n {2}- the namespace itself\nRun `npm run taskbell -- setup`/,
      );
      await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['TaskOwner'] });
      await expect(ensureNamespace(connection, { namespace, create: false })).rejects.toThrow(
        'search attribute TaskOwner=Keyword',
      );
    });
  });

  test('is created and completed by setup', async () => {
    const server = await start();
    await withConnection(server, async (connection) => {
      await ensureNamespace(connection, { namespace: 'theirs', create: true });
      await expect(ensureNamespace(connection, { namespace: 'theirs', create: false })).resolves.toEqual({
        retentionDays: 30,
      });
    });
  });

  test('in which a search attribute has the wrong type is rejected even by setup', async () => {
    const server = await start();
    await withConnection(server, async (connection) => {
      await connection.operatorService.removeSearchAttributes({ namespace, searchAttributes: ['TaskOwner'] });
      await connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: { TaskOwner: IndexedValueType.INDEXED_VALUE_TYPE_INT },
      });
      await expect(ensureNamespace(connection, { namespace, create: true })).rejects.toThrow(
        'search attribute TaskOwner=Keyword: exists with type INDEXED_VALUE_TYPE_INT',
      );
    });
  });
});

describe('the search for the Temporal CLI', () => {
  const nothing = {
    PATH: '/nonexistent',
    HTTPS_PROXY: 'http://127.0.0.1:9',
    https_proxy: 'http://127.0.0.1:9',
  };

  test('rejects an unusable TEMPORAL_CLI instead of searching elsewhere', async () => {
    await expect(
      locateTemporal({ cli: '/nowhere/temporal', cacheDir: home }, () => undefined),
    ).rejects.toThrow("TEMPORAL_CLI=/nowhere/temporal can't be used: there is no such file");
    await expect(locateTemporal({ cli: process.execPath, cacheDir: home }, () => undefined)).rejects.toThrow(
      `TEMPORAL_CLI=${process.execPath} can't be used: \`${process.execPath} --version\` says`,
    );
  });

  test('says what to do when it can neither download nor build one', async () => {
    const search = locateTemporal({ cli: undefined, cacheDir: home }, () => undefined, {
      environment: nothing,
    });
    await expect(search).rejects.toThrow(
      /No Temporal server was found[^]*Download: [^]*no `go` on PATH[^]*TEMPORAL_ADDRESS/,
    );
  });

  test('reports what it is waiting for, and can be aborted', async () => {
    const stop = new AbortController();
    const waits: string[] = [];
    const search = locateTemporal(
      { cli: undefined, cacheDir: home },
      ({ waitingFor }) => {
        waits.push(waitingFor);
        stop.abort(new Error('given up'));
      },
      { environment: nothing, signal: stop.signal },
    );
    await expect(search).rejects.toThrow('given up');
    expect(waits).toEqual(['Downloading the Temporal server']);
  });

  test('uses the one in the cache, unless the database needs another minor version', async () => {
    const path = await fakeCli(cachedPath(home), '1.29.1');
    const engine = { cli: undefined, cacheDir: home };
    const search = locateTemporal(engine, () => undefined, {
      environment: nothing,
      databaseVersion: '1.29.7',
    });
    await expect(search).resolves.toEqual({ path, serverVersion: '1.29.1' });
    await expect(
      locateTemporal(engine, () => undefined, { environment: nothing, databaseVersion: '1.32.0' }),
    ).rejects.toThrow(
      'Set TEMPORAL_CLI to a Temporal CLI with server 1.32, or TASKBELL_HOME to a new folder.',
    );
  });

  test('prefers the one on PATH to the one in the cache, unless the database needs the version in the cache', async () => {
    await fakeCli(cachedPath(home), '1.29.1');
    await fakeCli(join(home, 'bin', 'temporal'), '1.32.0');
    const engine = { cli: undefined, cacheDir: home };
    const environment = { PATH: join(home, 'bin') };
    await expect(locateTemporal(engine, () => undefined, { environment })).resolves.toEqual({
      path: 'temporal',
      serverVersion: '1.32.0',
    });
    await expect(
      locateTemporal(engine, () => undefined, { environment, databaseVersion: '1.29.1' }),
    ).resolves.toMatchObject({ path: cachedPath(home) });
  });
});

function isBlocked(port: number): boolean {
  return blockedPorts.some((blocked) => blocked === port);
}

/** Returns the files of the home folder that have this text. */
async function filesWith(text: string): Promise<string[]> {
  const names = (await readdir(home, { recursive: true, withFileTypes: true })).filter((each) =>
    each.isFile(),
  );
  const found: string[] = [];
  for (const { name, parentPath } of names)
    if ((await readFile(join(parentPath, name))).includes(text)) found.push(name);
  return found;
}

/** Creates an executable that can only print its version. @returns its path. */
async function fakeCli(path: string, serverVersion: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  const script = `#!/bin/sh\necho "temporal version 0.0.0-DEV (Server ${serverVersion}, UI 2.42.1)"\n`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}
