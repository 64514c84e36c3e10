import { describe, expect, it } from 'vitest';
import { createProcessData } from '../../../activities/types/process-data/index.ts';
import { createContext, failureOf } from './support.ts';

const type = createProcessData({ dataDir: undefined });
const run = (csv: string) => type.run(createContext(), { csv });

describe('process-data: CSV', () => {
  it.each([
    ['line feeds', 'a,b\n1,x\n2,y\n'],
    ['CRLF and no line end after the last line', 'a,b\r\n1,x\r\n2,y'],
    ['mixed line ends', 'a,b\r\n1,x\n2,y\r\n'],
    ['a byte order mark', '\uFEFFa,b\n1,x\n2,y\n'],
    ['quotes', '"a","b"\n"1","x"\n"2","y"\n'],
    ['semicolons', 'a;b\n1;x\n2;y\n'],
    ['tabs', 'a\tb\n1\tx\n2\ty\n'],
    ['blank lines', 'a,b\n\n1,x\n\n2,y\n\n'],
    ['spaces around the names', ' a , b\n1,x\n2,y\n'],
  ])('reads a table with %s', async (_what, csv) => {
    expect(await run(csv)).toMatchObject({
      rows: 2,
      columns: { a: { type: 'number', min: 1, max: 2 }, b: { type: 'string', min: 'x', max: 'y' } },
    });
  });

  it('reads delimiters, quotes and line breaks inside quotes', async () => {
    expect(await run('a,"x;y;z"\n"1, ""2""\r\n3",4\n')).toMatchObject({
      rows: 1,
      columns: { a: { min: '1, "2"\r\n3' }, 'x;y;z': { min: 4 } },
    });
  });

  it('has no rows and columns for an empty text, and no rows for only a header', async () => {
    expect(await run('')).toMatchObject({ rows: 0, columns: {} });
    expect(await run('a,b\n')).toMatchObject({
      rows: 0,
      columns: { a: { type: 'empty' }, b: { missing: 0 } },
    });
  });

  it('gives every column a unique name', async () => {
    const result = await run('a,,a,a_2,a\n1,2,3,4,5\n');
    expect(result).toMatchObject({
      columns: { a: { min: 1 }, column_2: { min: 2 }, a_3: { min: 3 }, a_2: { min: 4 }, a_4: { min: 5 } },
    });
  });

  it('counts the values that a short row lacks as missing', async () => {
    expect(await run('a,b,c\n1,2,3\n4\n5,6\n')).toMatchObject({
      rows: 3,
      columns: { a: { missing: 0 }, b: { missing: 1 }, c: { missing: 2 } },
    });
  });

  it('rejects a header of a million equal names without naming them all', async () => {
    const failure = await failureOf(run('a,'.repeat(1_000_000)));
    expect(failure).toMatchObject({ type: 'InvalidData', message: expect.stringContaining('1000 columns') });
  });

  it.each([
    ['a row that is too long', 'a,b\n1,2\n"x\ny",2\n1,2,3\n', 'Line 5 has more fields than the header'],
    ['text after a closing quote', 'a,b\n1,"x"y\n', 'malformed at line 2'],
    ['a quote inside a field', 'a,b\n1,2\n1,x"y\n', 'malformed at line 3'],
    ['a quote that is never closed', 'a,b\n1,"x\n', 'malformed at line'],
    ['a record without end', `a,b\n1,"${'x'.repeat(9 * 1024 * 1024)}`, 'malformed at line'],
    ['a name that is too long', `${'x'.repeat(201)},b\n`, 'name is longer than 200 characters'],
  ])('names the line of %s', async (_what, csv, message) => {
    const failure = await failureOf(run(csv));
    expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
    expect(failure.message).toContain(message);
    expect(failure.message.length).toBeLessThan(500);
  });
});
