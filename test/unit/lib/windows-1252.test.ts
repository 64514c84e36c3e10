import { expect, it } from 'vitest';
import { decodeWindows1252 } from '../../../src/lib/windows-1252.ts';

it('decodes Windows-1252: the bytes above ASCII that ISO-8859-1 has, those that it has not, and those that neither has', () => {
  const bytes = Buffer.from([0x41, 0xe9, 0xff, 0x80, 0x92, 0x9f, 0x81, 0x9d]);
  expect(decodeWindows1252(bytes)).toBe('Aéÿ€’Ÿ\u0081\u009d');
  const all = decodeWindows1252(Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)));
  expect(new Set(all).size).toBe(256);
});
