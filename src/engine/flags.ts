import { attributeFlags } from '../temporal/attributes.ts';
import type { HiddenPlace } from './hidden-ports.ts';

/**
 * Dynamic configuration that every server needs, with the reason for a value where it isn't obvious. Values are JSON, as
 * the server expects.
 */
const dynamicConfig: Readonly<Record<string, string>> = {
  // Priorities and fairness between owners; with more than one partition an owner could still queue behind another.
  'matching.useNewMatcher': 'true',
  'matching.enableFairness': 'true',
  'matching.numTaskqueueReadPartitions': '1',
  'matching.numTaskqueueWritePartitions': '1',
  // Eager dispatch bypasses fairness.
  'system.enableActivityEagerExecution': 'false',
  // Otherwise a workflow that closed less than 8 s ago stays visible for up to half a minute after its deletion.
  'history.transferProcessorUpdateAckInterval': '"1s"',
  'history.visibilityProcessorUpdateAckInterval': '"1s"',
  // With the default of 1, the server rejects the second of two concurrent queries while a workflow task is
  // pending.
  'history.MaxBufferedQueryCount': '32',
  // Concurrent long polls, queries and updates per API method; the default is 1,200.
  'frontend.namespaceCount': '20000',
  'frontend.namespaceRPS.visibility': '500',
  'frontend.WorkerHeartbeatsEnabled': 'true',
  'frontend.ListWorkersEnabled': 'true',
  // The server's own default. The development server reads three records of its database for each row of a list
  // instead, to see a new search attribute at once. A list costs less than half of that, and a new attribute takes a
  // second.
  'system.forceSearchAttributesCacheRefreshOnRead': 'false',
  // The check calls version-info.temporal.io, and no data must leave the machine unless the user asked for
  // it.
  'frontend.enableServerVersionCheck': 'false',
  // The server has an HTTP API that any web page could write to; no request has this host, so all are rejected.
  'frontend.httpAllowedHosts': '["taskbell.invalid"]',
};

/** What suits this server, which has all runs in one shard, and shares its machine with all else. */
const cacheConfig: Readonly<Record<string, string>> = {
  // The first event of a run is read whenever a workflow task of it starts or someone looks at it. The default, half a
  // megabyte, has room for those of some 200 tasks; 4 MB take 60 MB of memory.
  'history.eventsCacheMaxSizeBytes': '4194304',
  // With the default of 128,000, each waiting task takes 35 KB of memory. One that is not cached is read when it goes on.
  'history.hostLevelCacheMaxSize': '2000',
};

/** Settings of the database. */
const pragmas = [
  // Together, they keep every commit through a crash of a process, and don't wait for the disk.
  'journal_mode=WAL',
  'synchronous=NORMAL',
  // What is deleted is overwritten, since payloads can hold secrets.
  'secure_delete=ON',
  // The log of changes has deleted data too. It is emptied at each start, and when it is used again from its beginning.
  'wal_checkpoint=TRUNCATE',
  'journal_size_limit=0',
  // Each write of a workflow's row changes some thirty indexes: a cache of 64 MB instead of 2, fewer checkpoints, at 16 MB
  // of changes instead of 4, and no temporary files.
  'cache_size=-65536',
  'wal_autocheckpoint=4000',
  'temp_store=MEMORY',
];

/** Environment of the server, unless the user has set it: garbage is collected half as often as by default. */
export const serverDefaults = { GOGC: '200' };

export interface ServerFlags {
  readonly host: string;
  readonly port: number;
  /** undefined for no Web UI. */
  readonly webUi: HiddenPlace | undefined;
  /** Port of its metrics, which answer every caller. */
  readonly metricsPort: number;
  readonly namespace: string;
  /** Relative to the working directory. */
  readonly databaseFile: string;
}

/** Returns the arguments of `temporal` for a server on this machine only. */
export function serverArguments(flags: ServerFlags): string[] {
  const repeat = (flag: string, values: readonly string[]): string[] =>
    values.flatMap((value) => [flag, value]);
  const single = [
    ['--ip', flags.host],
    ['--port', String(flags.port)],
    ['--metrics-port', String(flags.metricsPort)],
    flags.webUi === undefined
      ? ['--headless']
      : ['--ui-ip', flags.webUi.host, '--ui-port', String(flags.webUi.port)],
    ['--namespace', flags.namespace],
    ['--db-filename', flags.databaseFile],
    ['--log-level', 'warn'],
    ['--log-format', 'json'],
    ['--color', 'never'],
  ].flat();
  return [
    'server',
    'start-dev',
    ...single,
    ...repeat('--sqlite-pragma', pragmas),
    ...repeat('--dynamic-config-value', pairs({ ...dynamicConfig, ...cacheConfig })),
    ...repeat('--search-attribute', attributeFlags),
  ];
}

function pairs(record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record).map(([key, value]) => `${key}=${value}`);
}
