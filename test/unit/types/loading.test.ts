/** What the task types load, in a process of their own: this one has loaded it all. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Prints whether undici is loaded, first with the task types alone and then after a request to a rejected address. */
const script = `
  import { createRequire } from 'node:module';
  import { createTaskTypes } from './dist/activities/types/index.js';

  const { cache } = createRequire(import.meta.url);
  const hasUndici = () => Object.keys(cache).some((path) => /[\\\\/]undici[\\\\/]/.test(path));
  const type = createTaskTypes({ dataDir: undefined, httpAllowHosts: [] }).get('http-request');
  const before = hasUndici();
  const context = { idempotencyKey: 'task.run', signal: new AbortController().signal };
  const failure = await type.run(context, { url: 'http://127.0.0.1/' }).catch((error) => error.type);
  console.log(JSON.stringify({ before, failure, after: hasUndici() }));
`;

test('undici, which takes long to load, is loaded only when a request is sent', async () => {
  const args = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(JSON.parse(stdout)).toEqual({ before: false, failure: 'AddressNotAllowed', after: true });
});
