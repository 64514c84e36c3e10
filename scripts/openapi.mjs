#!/usr/bin/env node
// `npm run openapi`: writes openapi.json, the description of the HTTP API that the service itself serves.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuild } from './lib/build.mjs';
import { root } from './lib/root.mjs';

await ensureBuild();
const { startRole } = await import(pathToFileURL(join(root, 'dist', 'src', 'processes', 'role.js')).href);
const home = await mkdtemp(join(tmpdir(), 'taskbell-openapi-'));
const api = await startRole(
  {
    name: 'api',
    entry: join(root, 'dist', 'src', 'cli', 'main.js'),
    environment: {
      PATH: process.env.PATH,
      HOST: '127.0.0.1',
      PORT: '0',
      TASKBELL_HOME: home,
      TASKBELL_JWT_SECRET: 'No one signs in: only the description is requested.',
      // The API serves its description without Temporal.
      TEMPORAL_ADDRESS: '127.0.0.1:9',
      TASKBELL_LOG_LEVEL: 'error',
    },
    stopMs: 5000,
    force: new AbortController().signal,
  },
  new AbortController().signal,
);
try {
  const response = await fetch(`${api.url}/openapi.json`);
  if (!response.ok) throw new Error(`/openapi.json answered ${response.status}`);
  await writeFile(join(root, 'openapi.json'), `${JSON.stringify(await response.json(), null, 2)}\n`);
} finally {
  await api.close();
  await rm(home, { recursive: true, force: true });
}
