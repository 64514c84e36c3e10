import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Config,
  ConfigError,
  handlerEnvironment,
  hasIdentityProvider,
  readConfig,
  readHome,
} from '../../src/config.ts';

const secret = 'a secret of at least 32 characters, made up';

/** Returns the lines of the error that this environment causes; none if it is valid. */
function faultsOf(environment: Record<string, string>): string[] {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-config-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'secret');
  await writeFile(path, text);
  return path;
}

describe('the configuration', () => {
  test('has the documented defaults', () => {
    const expected: Config = {
      host: '127.0.0.1',
      port: 8000,
      webSocketPort: undefined,
      home: resolve('.taskbell'),
      secretsFile: resolve('.taskbell/secrets.json'),
      jwtSecret: undefined,
      identityProvider: undefined,
      logLevel: 'info',
      metrics: { port: undefined, token: undefined },
      taskQueue: 'taskbell',
      webUiUrl: undefined,
      temporal: { external: undefined, namespace: 'default' },
      engine: { port: 7233, webUiPort: 8233, cli: undefined, cacheDir: join(homedir(), '.cache/taskbell') },
      worker: { concurrency: 4, guestSlot: true, shutdownGraceMs: 30_000 },
      limits: {
        requestsPerMinute: 6000,
        openTasks: 100_000,
        storedMb: 10_240,
        timeLimit: 604_800,
        feeds: 100,
        corsOrigins: [],
        trustedProxies: [],
      },
      handlers: { maxAttempts: 1000, maxMemoryMb: 400 },
      types: { dataDir: undefined, httpAllowHosts: [], modules: [] },
    };
    expect(readConfig({})).toMatchObject(expected);
  });

  test('treats an empty variable as unset', () => {
    const names = [
      'HOST',
      'PORT',
      'TASKBELL_WS_PORT',
      'TASKBELL_HOME',
      'TASKBELL_SECRETS_FILE',
      'TASKBELL_JWT_SECRET',
      'TASKBELL_JWT_SECRET_FILE',
      'TASKBELL_METRICS_PORT',
      'TASKBELL_METRICS_TOKEN',
      'TASKBELL_METRICS_TOKEN_FILE',
      'TASKBELL_JWKS_URL',
      'TASKBELL_JWT_ISSUER',
      'TASKBELL_JWT_AUDIENCE',
      'TASKBELL_TRUSTED_PROXIES',
      'TASKBELL_DATA_DIR',
      'TASKBELL_HTTP_ALLOW_HOSTS',
      'TASKBELL_TASK_QUEUE',
      'TASKBELL_WEB_UI_URL',
      'TASKBELL_LOG_LEVEL',
      'TASKBELL_SHUTDOWN_GRACE',
      'TASKBELL_MAX_TASKS_PER_CHILD',
      'TASKBELL_MAX_MEMORY_PER_CHILD_MB',
      'TEMPORAL_ADDRESS',
      'TEMPORAL_NAMESPACE',
      'TEMPORAL_PROFILE',
      'TEMPORAL_CONFIG_FILE',
      'TEMPORAL_CLI',
      'XDG_CACHE_HOME',
    ];
    expect(readConfig(Object.fromEntries(names.map((name) => [name, ''])))).toEqual(readConfig({}));
    expect(readHome({ TASKBELL_HOME: '' })).toBe(readHome({}));
  });

  test('reads every variable', () => {
    const config = readConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      TASKBELL_WS_PORT: '8001',
      TASKBELL_HOME: 'somewhere',
      TASKBELL_SECRETS_FILE: 'elsewhere/secrets.json',
      TASKBELL_TEMPORAL_PORT: '0',
      TASKBELL_TEMPORAL_UI_PORT: '1',
      TASKBELL_TASK_QUEUE: 'other',
      TASKBELL_JWT_SECRET: secret,
      TASKBELL_JWKS_URL: 'https://login.example/keys',
      TASKBELL_JWT_ISSUER: 'https://login.example',
      TASKBELL_JWT_AUDIENCE: 'taskbell',
      TASKBELL_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1,2001:db8::/32',
      TASKBELL_WORKER_CONCURRENCY: '9',
      TASKBELL_SHUTDOWN_GRACE: '0',
      TASKBELL_MAX_TASKS_PER_CHILD: '1',
      TASKBELL_MAX_MEMORY_PER_CHILD_MB: '128',
      TASKBELL_DATA_DIR: 'docs',
      TASKBELL_HTTP_ALLOW_HOSTS: ' a:1, b:2 ,,',
      TASKBELL_TASK_MODULES: './one.mjs,two',
      TASKBELL_WEB_UI_URL: 'https://ui.example/temporal',
      TASKBELL_LOG_LEVEL: 'debug',
      TASKBELL_METRICS_PORT: '9464',
      TASKBELL_METRICS_TOKEN: 'f'.repeat(32),
      TEMPORAL_CLI: '/bin/temporal',
      XDG_CACHE_HOME: '/cache',
    });
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      webSocketPort: 8001,
      home: resolve('somewhere'),
      secretsFile: resolve('elsewhere/secrets.json'),
      jwtSecret: secret,
      identityProvider: {
        jwksUrl: 'https://login.example/keys',
        issuer: 'https://login.example',
        audience: 'taskbell',
      },
      limits: { trustedProxies: ['10.0.0.0/8', '192.0.2.1', '2001:db8::/32'] },
      taskQueue: 'other',
      webUiUrl: 'https://ui.example/temporal',
      logLevel: 'debug',
      metrics: { port: 9464, token: 'f'.repeat(32) },
      engine: { port: 0, webUiPort: 1, cli: '/bin/temporal', cacheDir: '/cache/taskbell' },
      worker: { concurrency: 9, shutdownGraceMs: 0 },
      handlers: { maxAttempts: 1, maxMemoryMb: 128 },
      types: { dataDir: resolve('docs'), httpAllowHosts: ['a:1', 'b:2'], modules: ['./one.mjs', 'two'] },
    });
  });

  test('requires all settings of an identity provider or none, and https for its keys except on localhost', () => {
    const all = {
      TASKBELL_JWKS_URL: 'https://login.example/keys',
      TASKBELL_JWT_ISSUER: 'https://login.example',
      TASKBELL_JWT_AUDIENCE: 'taskbell',
    };
    for (const [name] of Object.entries(all)) {
      const faults = faultsOf({ ...all, [name]: '' });
      expect(faults, name).toEqual([expect.stringMatching(`^${name}: must be set`)]);
    }
    for (const url of ['http://localhost:1/keys', 'http://127.0.0.1:1/', 'http://[::1]:1/'])
      expect(faultsOf({ ...all, TASKBELL_JWKS_URL: url }), url).toEqual([]);
    for (const url of [
      'http://login.example/keys',
      'file:///keys',
      'keys',
      'http://localhost.evil.example/',
    ]) {
      const faults = faultsOf({ ...all, TASKBELL_JWKS_URL: url });
      expect(faults, url).toEqual([expect.stringMatching('^TASKBELL_JWKS_URL: must be an https URL')]);
    }
    expect(hasIdentityProvider(all)).toBe(true);
    for (const none of [{}, { TASKBELL_JWKS_URL: '' }]) expect(hasIdentityProvider(none)).toBe(false);
  });

  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '80.5'],
    ['PORT', '8e3'],
    ['PORT', ' 80'],
    ['TASKBELL_WS_PORT', 'x'],
    // `taskbell up` needs the next one, too.
    ['TASKBELL_METRICS_PORT', '65535'],
    ['TASKBELL_METRICS_TOKEN', 'x'.repeat(31)],
    ['TASKBELL_METRICS_TOKEN', `${'x'.repeat(31)} x`],
    ['TASKBELL_WORKER_CONCURRENCY', '0'],
    ['TASKBELL_SHUTDOWN_GRACE', '9999999999'],
    ['TASKBELL_MAX_TASKS_PER_CHILD', '0'],
    ['TASKBELL_MAX_MEMORY_PER_CHILD_MB', '127'],
    ['TASKBELL_JWT_SECRET', 'x'.repeat(31)],
    ['TASKBELL_WEB_UI_URL', 'javascript:alert(1)'],
    ['TASKBELL_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TASKBELL_TRUSTED_PROXIES', '10'],
    ['TASKBELL_TRUSTED_PROXIES', '192.0.2.1,proxy.example'],
    ['TASKBELL_LOG_LEVEL', 'loud'],
    ['TASKBELL_HTTP_ALLOW_HOSTS', 'crm'],
    ['TASKBELL_HTTP_ALLOW_HOSTS', 'crm:80,http://crm:80'],
    ['TASKBELL_DATA_DIR', '/nowhere/at/all'],
    ['TASKBELL_DATA_DIR', 'package.json'],
    ['TASKBELL_DATA_DIR', 'package.json/data'],
  ])('rejects %s=%s, and names the variable', (name, value) => {
    const faults = faultsOf({ [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]?.startsWith(`${name}: `)).toBe(true);
  });

  test.each([
    ['TASKBELL_WORKER_CONCURENCY', 'TASKBELL_WORKER_CONCURRENCY'],
    ['TASKBELL_worker_concurrency', 'TASKBELL_WORKER_CONCURRENCY'],
    ['TASKBELL_HOSTS', 'HOST'],
    ['TASKBELL_DATADIR', 'TASKBELL_DATA_DIR'],
    ['TASKBELL_JWT_SECRET_FILES', 'TASKBELL_JWT_SECRET_FILE'],
  ])('rejects %s, which does not exist, and names %s, which does', (name, known) => {
    expect(faultsOf({ [name]: '5' })).toEqual([`${name}: there is no such variable; did you mean ${known}?`]);
  });

  test('leaves variables of other programs alone', () => {
    const compose = { TASKBELL_PORT: '8000-8001', TASKBELL_TASKS: './tasks' };
    const kubernetes = {
      TASKBELL_SERVICE_HOST: '10.0.0.7',
      TASKBELL_SERVICE_PORT: '8000',
      TASKBELL_SERVICE_PORT_HTTP: '8000',
      TASKBELL_PORT_8000_TCP: 'tcp://10.0.0.7:8000',
      TASKBELL_PORT_8000_TCP_PORT: '8000',
      TASKBELL_API_SERVICE_HOST: '10.0.0.8',
      TASKBELL_API_SERVICE_PORT_HTTP: '8000',
      TASKBELL_API_PORT: 'tcp://10.0.0.8:8000',
      TASKBELL_API_PORT_8000_TCP_ADDR: '10.0.0.8',
    };
    const others = { TASKBELL_KEY: 'key', TASK_ANYTHING: '1', TASKBELLS: '1' };
    expect(faultsOf({ ...compose, ...kubernetes, ...others })).toEqual([]);
    // Without the address of such a service, it is a name that someone has misspelt.
    expect(faultsOf({ TASKBELL_API_PORT: '8000' })).toHaveLength(1);
  });

  test('leaves the Temporal Web UI out with TASKBELL_TEMPORAL_UI_PORT=none', () => {
    expect(readConfig({ TASKBELL_TEMPORAL_UI_PORT: 'none' }).engine.webUiPort).toBeUndefined();
    expect(faultsOf({ TASKBELL_TEMPORAL_UI_PORT: 'no' })).toEqual([
      'TASKBELL_TEMPORAL_UI_PORT: must be `none` or a whole number from 0 to 65535, not "no"',
    ]);
  });

  test('never shows a rejected secret in its error', () => {
    for (const name of ['TASKBELL_JWT_SECRET', 'TASKBELL_METRICS_TOKEN'])
      expect(faultsOf({ [name]: 'hunter2' }).join()).not.toContain('hunter2');
  });
});

test("a handler's environment has what programs need and variables that start with TASK_, and no secrets", () => {
  const allowed = { PATH: '/bin', HOME: '/home', LC_ALL: 'C', TZ: 'UTC', TASK_SMTP: 'smtp', TASK_: 'odd' };
  const kept = handlerEnvironment({
    ...allowed,
    LANG: undefined,
    TASKBELL_JWT_SECRET: secret,
    TASKBELL_HOME: '/home/.taskbell',
    TEMPORAL_API_KEY: 'key',
    NODE_OPTIONS: '--require ./evil.js',
    AWS_SECRET_ACCESS_KEY: 'key',
    task_lower: 'case counts',
  });
  expect(kept).toEqual(allowed);
});

describe('a secret in a file', () => {
  test('is read without its trailing newline', async () => {
    const path = await fileWith(`${secret}\n`);
    expect(readConfig({ TASKBELL_JWT_SECRET_FILE: path }).jwtSecret).toBe(secret);
    const token = await fileWith(`${'f'.repeat(32)}\n`);
    expect(readConfig({ TASKBELL_METRICS_TOKEN_FILE: token }).metrics.token).toBe('f'.repeat(32));
  });

  test('that is too short is rejected under the name TASKBELL_JWT_SECRET', async () => {
    const path = await fileWith('short\n');
    expect(faultsOf({ TASKBELL_JWT_SECRET_FILE: path })).toEqual([
      expect.stringMatching(/^TASKBELL_JWT_SECRET: /),
    ]);
  });

  test('that does not exist is reported along with all other errors', async () => {
    const faults = faultsOf({
      TASKBELL_JWT_SECRET_FILE: '/nowhere/secret',
      PORT: 'x',
      TASKBELL_WORKER_CONCURRENCY: '0',
      TEMPORAL_CONFIG_FILE: await fileWith('not toml'),
    });
    expect(faults.map((fault) => fault.split(':')[0])).toEqual([
      'TASKBELL_JWT_SECRET_FILE',
      'PORT',
      'TASKBELL_WORKER_CONCURRENCY',
      'TEMPORAL_…',
    ]);
  });
});

describe('the Temporal server', () => {
  test('is the embedded one by default, in the given namespace', () => {
    expect(readConfig({ TEMPORAL_NAMESPACE: 'mine' }).temporal).toEqual({
      external: undefined,
      namespace: 'mine',
    });
  });

  test('is an external one if TEMPORAL_ADDRESS is set, with its namespace and credentials', () => {
    const { temporal } = readConfig({
      TEMPORAL_ADDRESS: 'temporal.example:7233',
      TEMPORAL_NAMESPACE: 'prod',
      TEMPORAL_API_KEY: 'key',
    });
    expect(temporal.namespace).toBe('prod');
    expect(temporal.external?.connectionOptions).toMatchObject({
      address: 'temporal.example:7233',
      apiKey: 'key',
    });
  });

  test("has the SDK's default namespace if none is given", () => {
    const { temporal } = readConfig({ TEMPORAL_ADDRESS: 'temporal.example:7233' });
    expect(temporal).toMatchObject({
      namespace: 'default',
      external: { connectionOptions: { address: 'temporal.example:7233' } },
    });
  });

  test('is read from the profile in TEMPORAL_PROFILE', async () => {
    const path = await fileWith('[profile.staging]\naddress = "staging.example:7233"\nnamespace = "stage"\n');
    const { temporal } = readConfig({ TEMPORAL_CONFIG_FILE: path, TEMPORAL_PROFILE: 'staging' });
    expect(temporal).toMatchObject({
      namespace: 'stage',
      external: { connectionOptions: { address: 'staging.example:7233' } },
    });
  });

  test('is an error if the profile file is invalid', async () => {
    expect(faultsOf({ TEMPORAL_CONFIG_FILE: await fileWith('not toml') })).toEqual([
      expect.stringMatching(/^TEMPORAL_…: /),
    ]);
  });
});
