/** Clients that the quick ones of the usual generators make of openapi.json; `npm run clients` tries the others too. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { useService } from '../support/service.ts';

/** Long enough to install the generators, which are then kept in the user's cache. */
const timeoutMs = 180_000;

const service = useService();

test(
  'clients from openapi-typescript and openapi-python-client compile, and create, read, list and cancel a task',
  async ({ signal }) => {
    const { token } = await service.as('alice');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['scripts/clients.mjs', '--url', service.url, 'openapi-typescript', 'openapi-python-client'],
      { env: { ...process.env, TASKBELL_KEY: token }, signal },
    );
    expect(stdout).toContain('openapi-typescript: works');
    expect(stdout).toContain('openapi-python-client: works');
  },
  timeoutMs,
);
