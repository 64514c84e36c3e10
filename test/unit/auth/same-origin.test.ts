import { expect, test } from 'vitest';
import { isSameOrigin } from '../../../src/auth/same-origin.ts';

const host = 'tasks.example:8000';

test.each([
  [{ origin: undefined }, true],
  [{ origin: 'http://tasks.example:8000' }, true],
  [{ origin: 'https://tasks.example:8000' }, true],
  [{ origin: 'http://tasks.example:8000', fetchSite: 'same-origin' }, true],
  [{ origin: undefined, fetchSite: 'none' }, true],
  [{ origin: undefined, fetchSite: 'cross-site' }, false],
  [{ origin: 'http://tasks.example:8000', fetchSite: 'same-site' }, false],
  [{ origin: 'http://tasks.example' }, false],
  [{ origin: 'http://other.tasks.example:8000' }, false],
  [{ origin: 'http://tasks.example:8000.evil.example' }, false],
  [{ origin: 'null' }, false],
  [{ origin: '' }, false],
  [{ origin: 'http://tasks.example:8000', isSecure: true }, false],
  [{ origin: 'https://tasks.example:8000', isSecure: true }, true],
])('%j is from our own origin: %s', (request, expected) => {
  expect(isSameOrigin({ host, ...request })).toBe(expected);
});
