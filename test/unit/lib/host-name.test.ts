import { expect, test } from 'vitest';
import { parseHostName } from '../../../src/lib/host-name.ts';

test.each([
  ['CRM.example.com', 'crm.example.com', undefined],
  ['crm.internal:8443', 'crm.internal', '8443'],
  ['crm:080', 'crm', '80'],
  ['127.1:443', '127.0.0.1', '443'],
  ['[::1]', '[::1]', undefined],
  ['[0:0:0::1]:8000', '[::1]', '8000'],
  ['bücher.example', 'xn--bcher-kva.example', undefined],
])('%s is spelled as in a URL: %s, port %s', (text, hostname, port) => {
  expect(parseHostName(text)).toEqual({ hostname, port });
});

test.each([
  '',
  ':80',
  'crm:',
  'crm:99999',
  'crm:80/',
  'crm/',
  'crm/path',
  'crm?',
  'crm#',
  'http://crm',
  'user@crm',
  '*.example.com',
  '::1',
  'a b',
  ' crm',
  'a%20b',
])('%j is no host', (text) => {
  expect(parseHostName(text)).toBeUndefined();
});
