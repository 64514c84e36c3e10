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
    ['pipes', 'a|b\n1|x\n2|y\n'],
    ['blank lines', 'a,b\n\n1,x\n\n2,y\n\n'],
    ['lines of blanks', ' \na,b\n \n1,x\n\t\u00a0\n2,y\n \n'],
    ['blank lines in front', '\n\r\n\t\na,b\n1,x\n2,y\n'],
    ['empty rows of a spreadsheet in front', ',\r\n,\r\na,b\r\n1,x\r\n2,y\r\n'],
    ['the line with which Excel names the delimiter', 'sep=;\r\na;b\r\n1;x\r\n2;y\r\n'],
    ['a delimiter that only that line names', 'sep=^\na^b\n1^x\n2^y\n'],
    ['that line as Excel saves it again', '"SEP=,",\r\n\r\na,b\r\n1,x\r\n2,y\r\n'],
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

  it('counts the values that a short row lacks as missing, and warns of them', async () => {
    expect(await run('a,b,c\n1,2,3\n4\n5,6\n')).toMatchObject({
      rows: 3,
      columns: { a: { missing: 0 }, b: { missing: 1 }, c: { missing: 2 } },
      warnings: ['2 of 3 rows have fewer fields than the header: the others count as missing.'],
    });
    expect(await run('a,b\n1,2\n')).not.toHaveProperty('warnings');
  });

  it('warns of single quotation marks, which do not quote', async () => {
    expect(await run("'a','b'\n1,2\n")).toMatchObject({ warnings: [expect.stringContaining('quotation')] });
  });

  it.each([
    ['semicolons, where each decimal comma looks like a delimiter', ';', 'n;p (EUR, net)\nx;0,12\ny;1,50\n'],
    [
      'semicolons, where there are more decimal commas',
      ';',
      'p (EUR, net);q (EUR, net);r (EUR, net)\n0,1;0,2;0,3\n0,4;0,5;0,6\n',
    ],
    ['commas, where all rows are short', ',', 'n;m,p,q\n1\n2\n'],
    ['tabs, where a name has commas', '\t', 'n\tName, first and last\tp\n1\tA. Berg\t3\n2\tB. Dahl\t4\n'],
    ['commas, where a name has semicolons', ',', 'n,Answer (yes; no; maybe)\n1,yes\n2,no\n'],
    ['commas, where the first row has tabs', ',', 'n,p\nx\ty\tz,1\nx,2\nx,3\n'],
    ['commas, where each row has a list', ',', 'n,p,q\n1,a|b,2\n1,c|d,2\n'],
    ['pipes', '|', 'n|p, q\n1|x, y\n2|z\n'],
    ['semicolons in a header in which quotes hide commas', ';', '"n,o,p";q\n"1,2,3";4\n'],
    ['commas, where the rows follow a line in quotes', ',', '"n\n;;;;",p\n1,2\n'],
    ['commas, as most rows do, although one has only semicolons', ',', 'n,p\n1,2\n3;4\n5,6\n'],
    ['commas, with a header alone', ',', 'n,p'],
    ['commas, with one column', ',', 'n\n1\n2\n'],
    ['commas, with one column of texts', ',', 'n\nHello; world\nfine\n'],
  ])('is separated by %s', async (_what, delimiter, csv) => {
    expect(await run(csv)).toMatchObject({ delimiter, encoding: 'utf-8' });
  });

  it('reads the lines after the hundredth with the same delimiter', async () => {
    const many = `a;b\n${'1;2,0\n'.repeat(50_000)}`;
    expect(await run(many)).toMatchObject({
      delimiter: ';',
      columns: { a: { count: 50_000 }, b: { distinct: 1 } },
    });
  });

  it.each([
    ['a|b|c\n1;2;3\n4;5;6\n', /header in line 1 has 3 fields separated by pipes.* 3 separated by semicolons/],
    ['\n\na,b\n1\t2\n3\t4\n', /header in line 3 has 2 fields separated by commas.* 2 separated by tabs/],
    ['a,b\n1,2,3\n4,5,6\n', /header in line 1 has 2 fields separated by commas.* 3 separated by commas/],
    ['Report\n\na;b;c\n1;2;3\n', /header in line 1 has one field.* 3 fields separated by semicolons/],
  ])('rejects %j, whose header and rows disagree', async (csv, message) => {
    const failure = await failureOf(run(csv));
    expect(failure).toMatchObject({ type: 'InvalidData', retryable: false });
    expect(failure.message).toMatch(message);
  });

  it('shows a doubt about one column whose values could be two', async () => {
    const result = await run('tags\na|b\nc|d\n');
    expect(result).toMatchObject({ columns: { tags: { distinct: 2 } } });
    expect(result).toMatchObject({
      warnings: [expect.stringMatching(/one column.* 2 fields separated by pipes/)],
    });
  });

  it('rejects a header of a million equal names without naming them all', async () => {
    const failure = await failureOf(run('a,'.repeat(1_000_000)));
    expect(failure).toMatchObject({ type: 'InvalidData', message: expect.stringContaining('1000 columns') });
  });

  it.each([
    ['a row that is too long', 'a,b\n1,2\n"x\ny",2\n1,2,3\n', 'Line 5 has more fields than the header'],
    ['a row that is too long after blank lines', 'sep=,\n\na,b\n1,2\n1,2,3\n', 'Line 5 has more fields'],
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
