/** docs/metrics.md has the table of all metrics. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { catalogue, type MetricDefinition } from '../../../src/metrics/catalogue.ts';

const rows = readFileSync('docs/metrics.md', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `taskbell_'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the table has every metric, with its type, its labels and what it means', () => {
  const documented = rows.map(([, name = '', type, labels = '', meaning]) => {
    const names = labels.split(';').flatMap((label) => /^\s*`(\w+)`/.exec(label)?.[1] ?? []);
    return [name.replaceAll('`', ''), type, names, meaning] as const;
  });
  const expected = Object.entries<MetricDefinition>(catalogue).map(([name, { kind, labels, help }]) => [
    name,
    kind,
    Object.keys(labels),
    help,
  ]);
  const byName = (a: readonly unknown[], b: readonly unknown[]) => String(a[0]).localeCompare(String(b[0]));
  expect(documented.toSorted(byName)).toEqual(expected.toSorted(byName));
});
