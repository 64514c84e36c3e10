import { expect, test } from 'vitest';
import { hostUrl } from '../../../src/lib/host-url.ts';

test.each([
  ['127.0.0.1', 'http://127.0.0.1:8000'],
  ['0.0.0.0', 'http://localhost:8000'],
  ['::', 'http://localhost:8000'],
  ['', 'http://localhost:8000'],
  ['::1', 'http://[::1]:8000'],
  ['tasks.example', 'http://tasks.example:8000'],
])('a server that listens on "%s" is reached at %s', (host, url) => {
  expect(hostUrl(host, 8000)).toBe(url);
});

test('the name used for all interfaces can be chosen', () => {
  expect(hostUrl('::', 80, '127.0.0.1')).toBe('http://127.0.0.1:80');
});
