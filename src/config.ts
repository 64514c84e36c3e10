import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { isIP } from 'node:net';
import { join, resolve } from 'node:path';
import ipaddr from 'ipaddr.js';
import { type ClientConnectConfig, loadClientConnectConfig } from '@temporalio/envconfig';
import { z } from 'zod';
import { createAllowHosts } from '../activities/net/allow-hosts.ts';
import { defaultTimeLimit, maxTimeLimitSeconds } from './contract/limits.ts';
import { errorMessage } from './lib/error-message.ts';
import { nearest } from './lib/nearest.ts';

/** The configuration is invalid. `message` names every invalid variable, one per line, and can be shown as is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

type Environment = Readonly<Record<string, string | undefined>>;

const defaultHome = '.taskbell';

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  );

function isHostAndPort(text: string): boolean {
  try {
    createAllowHosts([text]);
    return true;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    // Missing or unreadable: the fault names the path.
    return false;
  }
}

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

function isNetwork(text: string): boolean {
  return isIP(text) !== 0 || ipaddr.isValidCIDR(text);
}

/** Rejects plain http, except from loopback: keys fetched that way could be anyone's. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback);
}

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .refine((text) => /^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: (issue) => `must be a whole number from ${min} to ${max}, not ${JSON.stringify(issue.input)}`,
    })
    .transform(Number);

const integer = (min: number, max: number, fallback: number) => wholeNumber(min, max).default(fallback);

const optionalPort = wholeNumber(0, 65_535).optional();

const port = (fallback: number) => integer(0, 65_535, fallback);

/** A port, or `none`. */
const portOrNone = (fallback: number) =>
  z
    .union([z.literal('none'), wholeNumber(0, 65_535)], {
      error: ({ input }) =>
        `must be \`none\` or a whole number from 0 to 65535, not ${JSON.stringify(input)}`,
    })
    .default(fallback);

const variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: port(8000),
  TASKBELL_WS_PORT: optionalPort,
  TASKBELL_HOME: z.string().default(defaultHome),
  TASKBELL_SECRETS_FILE: z.string().optional(),
  TASKBELL_TEMPORAL_PORT: port(7233),
  TASKBELL_TEMPORAL_UI_PORT: portOrNone(8233),
  // `taskbell up` uses the next one, too.
  TASKBELL_METRICS_PORT: wholeNumber(0, 65_534).optional(),
  TASKBELL_METRICS_TOKEN: z
    .string()
    .min(32, 'must be at least 32 characters; `openssl rand -hex 32` makes one')
    .regex(/^[\x21-\x7e]*$/, 'must be of visible ASCII characters, without spaces')
    .optional(),
  TASKBELL_TASK_QUEUE: z.string().max(200).default('taskbell'),
  TASKBELL_JWT_SECRET: z
    .string()
    .min(32, 'must be at least 32 characters; `openssl rand -base64 48` makes one')
    .optional(),
  TASKBELL_JWKS_URL: z.string().refine(isSafeUrl, 'must be an https URL (http only for loopback)').optional(),
  TASKBELL_JWT_ISSUER: z.string().max(1_000).optional(),
  TASKBELL_JWT_AUDIENCE: z.string().max(1_000).optional(),
  TASKBELL_WORKER_CONCURRENCY: integer(1, 1_000, 4),
  TASKBELL_GUEST_SLOT: z.enum(['on', 'off']).default('on'),
  TASKBELL_MAX_TASKS_PER_CHILD: integer(1, 999_999_999, 1_000),
  // With less than 128 MB, a process that has done nothing yet would already exceed the limit.
  TASKBELL_MAX_MEMORY_PER_CHILD_MB: integer(128, 1_048_576, 400),
  TASKBELL_SHUTDOWN_GRACE: integer(0, 86_400, 30),
  TASKBELL_DATA_DIR: z
    .string()
    .refine(isFolder, { error: ({ input }) => `there is no folder ${resolve(String(input))}` })
    .optional(),
  TASKBELL_HTTP_ALLOW_HOSTS: list.refine((hosts) => hosts.every(isHostAndPort), {
    error: ({ input }) =>
      `must be host:port, comma-separated, such as crm.internal:8080, not ${JSON.stringify(input)}`,
  }),
  TASKBELL_TASK_MODULES: list,
  TASKBELL_CORS_ORIGINS: list.refine(
    (origins) => origins.every(isOrigin),
    'must be origins, such as https://example.org',
  ),
  TASKBELL_TRUSTED_PROXIES: list.refine(
    (networks) => networks.every(isNetwork),
    'must be addresses or ranges, such as 10.0.0.0/8',
  ),
  TASKBELL_RATE_LIMIT: integer(0, 1_000_000, 6_000),
  TASKBELL_MAX_OPEN_TASKS: integer(0, 999_999_999, 100_000),
  // No less than the default of a task.
  TASKBELL_MAX_TIME_LIMIT: integer(defaultTimeLimit, maxTimeLimitSeconds, maxTimeLimitSeconds),
  TASKBELL_MAX_STORED_MB: integer(0, 1_000_000_000, 10_240),
  TASKBELL_MAX_FEEDS: integer(0, 1_000_000, 100),
  TASKBELL_WEB_UI_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL' }).optional(),
  TASKBELL_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  TEMPORAL_CLI: z.string().optional(),
  XDG_CACHE_HOME: z.string().optional(),
});

/**
 * Everything that Taskbell reads from its environment, validated. Durations are in milliseconds, paths are
 * absolute.
 */
export interface Config {
  readonly host: string;
  /** 0 lets the system choose a free port. */
  readonly port: number;
  readonly webSocketPort: number | undefined;
  /** Folder of the database file, the users file and generated secrets. */
  readonly home: string;
  /** The file with the secrets that handlers can use. */
  readonly secretsFile: string;
  readonly jwtSecret: string | undefined;
  /** Identity provider that has the accounts, instead of our own users file. */
  readonly identityProvider:
    | { readonly jwksUrl: string; readonly issuer: string; readonly audience: string }
    | undefined;
  readonly logLevel: string;
  readonly metrics: {
    /** Port of the metrics; 0 lets the system choose. undefined for none. */
    readonly port: number | undefined;
    /** Token for the metrics on the API's own port. undefined if they are not there. */
    readonly token: string | undefined;
  };
  readonly taskQueue: string;
  readonly webUiUrl: string | undefined;
  readonly temporal: {
    /** External server, from the SDK's own variables and profile file; undefined for the embedded one. */
    readonly external: ClientConnectConfig | undefined;
    readonly namespace: string;
  };
  readonly engine: {
    readonly port: number;
    /** undefined for no Web UI. */
    readonly webUiPort: number | undefined;
    /** The user's own `temporal` executable. */
    readonly cli: string | undefined;
    /** Folder of executables that projects and checkouts share. */
    readonly cacheDir: string;
  };
  readonly worker: {
    readonly concurrency: number;
    /** Whether one owner's long attempts leave an extra slot for those of others. */
    readonly guestSlot: boolean;
    readonly shutdownGraceMs: number;
  };
  readonly limits: {
    /** Maximum requests per minute of one account; 0 for no limit. */
    readonly requestsPerMinute: number;
    /** Maximum unfinished tasks of one account; 0 for no limit. */
    readonly openTasks: number;
    /** Payloads and descriptions that one account can store at once, and again within 30 days, in MB; 0 for no limit. */
    readonly storedMb: number;
    /** Maximum time limit of a task, in seconds. */
    readonly timeLimit: number;
    /** Maximum open sockets and event streams of one account, in each API process; 0 for no limit. */
    readonly feeds: number;
    /** Web origins whose pages may read our responses. */
    readonly corsOrigins: readonly string[];
    /** Addresses and ranges whose X-Forwarded-For and X-Forwarded-Proto are trusted. */
    readonly trustedProxies: readonly string[];
  };
  /** Limits of handler processes. */
  readonly handlers: { readonly maxAttempts: number; readonly maxMemoryMb: number };
  readonly types: {
    readonly dataDir: string | undefined;
    readonly httpAllowHosts: readonly string[];
    readonly modules: readonly string[];
  };
}

/**
 * Reads and checks the environment; the only place that does. A secret can come from a file instead, named by the
 * same variable with the suffix `_FILE` (as container platforms mount them).
 * @throws {ConfigError} naming all faults at once.
 */
export function readConfig(environment: Environment = process.env): Config {
  const set = dropEmpty(environment);
  const faults: string[] = [];
  const parsed = variables.safeParse(withSecretFiles(set, faults));
  for (const { path, message } of parsed.error?.issues ?? []) faults.push(`${path.join('.')}: ${message}`);
  faults.push(...unknownVariables(set));
  const identityProvider = readIdentityProvider(set, faults);
  const external = externalTemporal(set, faults);
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults.join('\n'));
  const env = parsed.data;
  return {
    host: env.HOST,
    port: env.PORT,
    webSocketPort: env.TASKBELL_WS_PORT,
    home: resolve(env.TASKBELL_HOME),
    secretsFile: readSecretsFile(set),
    jwtSecret: env.TASKBELL_JWT_SECRET,
    identityProvider,
    logLevel: env.TASKBELL_LOG_LEVEL,
    metrics: { port: env.TASKBELL_METRICS_PORT, token: env.TASKBELL_METRICS_TOKEN },
    taskQueue: env.TASKBELL_TASK_QUEUE,
    webUiUrl: env.TASKBELL_WEB_UI_URL,
    temporal: { external, namespace: external?.namespace ?? set['TEMPORAL_NAMESPACE'] ?? 'default' },
    engine: {
      port: env.TASKBELL_TEMPORAL_PORT,
      webUiPort: env.TASKBELL_TEMPORAL_UI_PORT === 'none' ? undefined : env.TASKBELL_TEMPORAL_UI_PORT,
      cli: env.TEMPORAL_CLI,
      cacheDir: join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'taskbell'),
    },
    worker: {
      concurrency: env.TASKBELL_WORKER_CONCURRENCY,
      guestSlot: env.TASKBELL_GUEST_SLOT === 'on',
      shutdownGraceMs: env.TASKBELL_SHUTDOWN_GRACE * 1000,
    },
    limits: {
      requestsPerMinute: env.TASKBELL_RATE_LIMIT,
      openTasks: env.TASKBELL_MAX_OPEN_TASKS,
      timeLimit: env.TASKBELL_MAX_TIME_LIMIT,
      storedMb: env.TASKBELL_MAX_STORED_MB,
      feeds: env.TASKBELL_MAX_FEEDS,
      corsOrigins: env.TASKBELL_CORS_ORIGINS,
      trustedProxies: env.TASKBELL_TRUSTED_PROXIES,
    },
    handlers: {
      maxAttempts: env.TASKBELL_MAX_TASKS_PER_CHILD,
      maxMemoryMb: env.TASKBELL_MAX_MEMORY_PER_CHILD_MB,
    },
    types: {
      dataDir: env.TASKBELL_DATA_DIR === undefined ? undefined : resolve(env.TASKBELL_DATA_DIR),
      httpAllowHosts: env.TASKBELL_HTTP_ALLOW_HOSTS,
      modules: env.TASKBELL_TASK_MODULES,
    },
  };
}

/** Reads only TASKBELL_HOME, for commands that work even if the rest of the configuration is invalid. */
export function readHome(environment: Environment = process.env): string {
  return resolve(environment['TASKBELL_HOME'] || defaultHome);
}

/** Reads only the path of the secrets file, as `readHome` does. */
export function readSecretsFile(environment: Environment = process.env): string {
  return resolve(environment['TASKBELL_SECRETS_FILE'] || join(readHome(environment), 'secrets.json'));
}

/**
 * Returns whether an identity provider has the accounts, for commands that work even if the rest is invalid.
 */
export function hasIdentityProvider(environment: Environment = process.env): boolean {
  return Boolean(environment['TASKBELL_JWKS_URL']);
}

/** Variables of our other programs, which may be set in the same shell: Docker Compose, the examples, the scripts. */
const othersVariables = new Set([
  'TASKBELL_KEY',
  'TASKBELL_FUZZ_KEY',
  'TASKBELL_URL',
  'TASKBELL_DATA',
  'TASKBELL_TASKS',
  'TASKBELL_TASKS_ENV',
  'TASKBELL_PORT',
]);

/**
 * Returns whether Kubernetes has set a variable: in the pods beside a service called `taskbell-api`, it sets
 * `TASKBELL_API_SERVICE_HOST`, `TASKBELL_API_SERVICE_PORT`, `TASKBELL_API_PORT` and more that begin with these.
 */
function isOfKubernetes(name: string, environment: Environment): boolean {
  const [, service] = /^(TASKBELL(?:_\w+?)??)_(?:SERVICE_HOST|SERVICE_PORT|PORT)(?:_|$)/.exec(name) ?? [];
  return service !== undefined && environment[`${service}_SERVICE_HOST`] !== undefined;
}

/** Finds variables that are named like ours but don't exist. Ignored, a misspelt limit would go unnoticed. */
function unknownVariables(environment: Environment): string[] {
  const known = [...Object.keys(variables.shape), ...secretVariables.map((name) => `${name}_FILE`)];
  return Object.keys(environment)
    .filter((name) => name.startsWith('TASKBELL_') && !known.includes(name))
    .filter((name) => !othersVariables.has(name) && !isOfKubernetes(name, environment))
    .map(
      (name) => `${name}: there is no such variable; did you mean ${nearest(name, known, withoutPrefix)}?`,
    );
}

function withoutPrefix(name: string): string {
  return name.replace(/^TASKBELL_/, '').toUpperCase();
}

/** Reads the three variables of an identity provider, of which all or none must be set. */
function readIdentityProvider(environment: Environment, faults: string[]): Config['identityProvider'] {
  const names = ['TASKBELL_JWKS_URL', 'TASKBELL_JWT_ISSUER', 'TASKBELL_JWT_AUDIENCE'] as const;
  const [jwksUrl, issuer, audience] = names.map((name) => environment[name]);
  if (jwksUrl !== undefined && issuer !== undefined && audience !== undefined)
    return { jwksUrl, issuer, audience };
  const missing = names.filter((name) => environment[name] === undefined);
  if (missing.length < names.length) {
    for (const name of missing)
      faults.push(`${name}: must be set, since ${names.join(', ')} belong together`);
  }
  return undefined;
}

/** Drops empty variables: `NAME=` in a compose or .env file means "not set". */
function dropEmpty(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
}

/** Variables that can come from a file. */
const secretVariables = ['TASKBELL_JWT_SECRET', 'TASKBELL_METRICS_TOKEN'] as const;

function withSecretFiles(environment: Environment, faults: string[]): Environment {
  const secrets: Record<string, string> = {};
  for (const name of secretVariables) {
    const path = environment[`${name}_FILE`];
    if (path === undefined) continue;
    try {
      secrets[name] = readFileSync(path, 'utf8').trim();
    } catch (error) {
      faults.push(`${name}_FILE: ${describe(error)}`);
    }
  }
  return { ...environment, ...secrets };
}

function externalTemporal(environment: Environment, faults: string[]): ClientConnectConfig | undefined {
  const named = ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'];
  if (!named.some((name) => environment[name] !== undefined)) return undefined;
  const overrideEnvVars = Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  try {
    return loadClientConnectConfig({ overrideEnvVars });
  } catch (error) {
    faults.push(`TEMPORAL_…: ${describe(error)}`);
    return undefined;
  }
}

/** Returns the first line of a message. A TOML parser's message continues with an excerpt of the file. */
function describe(error: unknown): string {
  const message = errorMessage(error);
  return message.split('\n', 1).join();
}

/** Returns the environment for a child process: ours with the changes. undefined removes a variable. */
export function childEnvironment(changes: Environment = {}): Record<string, string | undefined> {
  return { ...process.env, ...changes };
}

/** Variables that handlers can see: those that programs need to run, and those with the prefixes below. */
const handlerVariables = new Set(
  (
    'PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR TEMP TMP ' +
    'NODE_ENV NODE_EXTRA_CA_CERTS SSL_CERT_FILE SSL_CERT_DIR'
  ).split(' '),
);
const handlerPrefixes = ['LC_', 'TASK_'];

/**
 * Returns the environment of handler processes, built from an allowlist, so that it never has the service's
 * secrets. Variables whose names start with `TASK_` are for handlers.
 */
export function handlerEnvironment(environment: Environment = process.env): Record<string, string> {
  const allowed = (name: string): boolean =>
    handlerVariables.has(name) || handlerPrefixes.some((prefix) => name.startsWith(prefix));
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && allowed(entry[0]),
    ),
  );
}
