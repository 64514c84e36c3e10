/** `npx vite src/dashboard`, which serves the dashboard from its sources in front of a service. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { callUrl } from '../support/caller.ts';
import { useService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const service = useService();

/** Starts the server for a service on this port. @returns its address. */
async function startVite(port: string): Promise<string> {
  const vite = ['node_modules/vite/bin/vite.js', 'src/dashboard', '--host', '127.0.0.1', '--port', '0'];
  const env = { PATH: process.env['PATH'], PORT: port };
  const child = spawn(process.execPath, vite, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(async () => {
    child.kill();
    await once(child, 'close');
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return waitFor('the address', () => {
    if (child.exitCode !== null) throw new Error(`Vite ended:\n${output}`);
    return /Local: +(\S+?)\/?\s/.exec(stripVTControlCharacters(output))?.[1];
  });
}

test('the dashboard’s sources are served in front of the service at PORT, with its API and documentation', async () => {
  const url = await startVite(new URL(service.url).port);
  expect(await (await fetch(url)).text()).toContain('/main.tsx');
  expect((await callUrl(`${url}/openapi.json`, 'GET')).body).toHaveProperty('openapi');
  expect(await (await fetch(`${url}/docs`)).text()).toContain('swagger-ui');
  // As its own page sends it: the service must not take it for another site's.
  const { name: username, password } = service.users.alice;
  const signedIn = await callUrl(`${url}/api/session/`, 'POST', { username, password }, { Origin: url });
  expect(signedIn.status).toBe(200);
});
