import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { searchableName } from '../../src/contract/searchable.ts';
import { taskStatus } from '../../src/contract/task.ts';
import {
  amongIds,
  closedSince,
  endedRuns,
  pendingMatching,
  pendingSince,
  ranBetween,
  replacementsOf,
  retriesMatching,
  retriesSince,
  runsMatching,
  runsOf,
  writtenSince,
} from '../../src/tasks/search.ts';
import { connectTemporal } from '../support/temporal-client.ts';

const { namespace } = inject('temporal');
let client: Client;

beforeAll(async () => {
  client = await connectTemporal();
});

afterAll(() => client.connection.close());

const wordBuilders = {
  'runsMatching an owner': (owner: string) => runsMatching({ owner }, 0),
  'runsMatching a type': (type: string) => runsMatching({ type }, 0),
  'retriesMatching an owner': (owner: string) => retriesMatching({ owner }),
  amongIds: (id: string) => amongIds(runsMatching({}, 0), [id]),
  runsOf,
  'replacementsOf one': (id: string) => replacementsOf([id]),
  'replacementsOf a second': (id: string) => replacementsOf([randomUUID(), id]),
};

const hostile = [
  '',
  "' OR '1'='1",
  '" OR ""="',
  "x' OR StartTime > '2000-01-01T00:00:00Z",
  "\\' OR 1=1 --",
  "''",
  'a b',
  'a%',
  'ä',
  'a\n',
  'a\u0000',
  '`a`',
  'x'.repeat(256),
];

describe.each(Object.entries(wordBuilders))('%s', (_name, build) => {
  test.each(hostile)('throws for %j instead of querying it', (value) => {
    expect(() => build(value)).toThrow(TypeError);
  });

  test('accepts only values of letters, digits, _ and -, and leaves them unchanged', () => {
    const harmless = /^[A-Za-z0-9_-]{1,255}$/;
    const safe = fc.property(fc.stringMatching(harmless), (value) => {
      expect(build(value)).toContain(`'${value}'`);
    });
    const harmful = fc.string({ unit: 'binary' }).filter((value) => !harmless.test(value));
    const rejected = fc.property(harmful, (value) => {
      expect(() => build(value)).toThrow(TypeError);
    });
    fc.assert(safe);
    fc.assert(rejected, { numRuns: 500 });
  });
});

const everything = (owner: string, ms: number) => ({
  owner,
  type: 'process-data',
  name: 'Nightly',
  tag: ['a', 'B:c'],
  status: taskStatus.options,
  scheduled_after: new Date(ms).toISOString(),
  scheduled_before: new Date(ms).toISOString(),
  created_after: new Date(ms).toISOString(),
  created_before: new Date(ms).toISOString(),
});

describe('every query', () => {
  const queries = (id: string, ms: number) => [
    runsMatching({}, ms),
    runsMatching({ owner: id }, ms),
    runsMatching(everything(id, ms), ms),
    endedRuns(runsMatching(everything(id, ms), ms)),
    retriesMatching(everything(id, ms)),
    retriesSince(everything(id, ms), 'FAILED', ms),
    amongIds(runsMatching({ owner: id }, ms), [id, randomUUID()]),
    runsOf(id),
    replacementsOf([id, randomUUID()]),
    closedSince(ms),
    ranBetween({ owner: id, share: 0.01 }, ms, ms + 1),
    pendingSince(ms, ms + 1),
    ...pendingMatching(everything(id, ms), ms, 'state'),
  ];

  test('selects only tasks', () => {
    for (const query of queries(randomUUID(), 0)) {
      expect(query).toMatch(/^WorkflowType IN \('task', 'task'\) AND \([^()]*\)(?: AND |$)/);
    }
  });

  test('of the feed selects tasks and notices of deletions', () => {
    expect(writtenSince(0)).toMatch(/^WorkflowType IN \('task', 'task-deletions'\) AND TaskUpdatedAt >= /);
  });

  test('has no quotes except around its values', () => {
    const quotes = fc.property(fc.uuid(), fc.integer({ min: 0, max: 4e12 }), (id, ms) => {
      for (const query of queries(id, ms)) {
        const values = query.match(/'[A-Za-z0-9_.: -]*'/g) ?? [];
        expect(query.split("'")).toHaveLength(values.length * 2 + 1);
        expect(query).not.toMatch(/["\\]/);
      }
    });
    fc.assert(quotes);
  });

  test.each([...queries(randomUUID(), Date.now()), writtenSince(Date.now())])(
    'is accepted by the server: %s',
    async (query) => {
      const page = await client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 10 });
      expect(Array.isArray(page.executions)).toBe(true);
    },
  );

  test("for an owner finds only that owner's tasks", async () => {
    const query = runsMatching({ owner: randomUUID() }, Date.now());
    const page = await client.workflowService.listWorkflowExecutions({ namespace, query, pageSize: 10 });
    expect(page.executions).toEqual([]);
  });
});

describe('an instant', () => {
  test.each([writtenSince, closedSince])('is written in full RFC 3339, in UTC', (build) => {
    expect(build(Date.UTC(2030, 0, 31, 9, 30, 0, 7))).toContain("'2030-01-31T09:30:00.007Z'");
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, 8.64e15 + 1])('that is invalid throws: %s', (ms) => {
    expect(() => writtenSince(ms)).toThrow(RangeError);
    expect(() => closedSince(ms)).toThrow(RangeError);
  });
});

test('a query for closed runs excludes open ones', () => {
  expect(closedSince(0)).toContain("BETWEEN '1970-01-01T00:00:00.000Z' AND '2100-01-01T00:00:00Z'");
});

describe('a name in a query', () => {
  const quoted = /STARTS_WITH '([^']*)'/;

  test('has nothing that could end or escape its quotes, and is no longer than a column allows', () => {
    const anything = fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
      const [, text = ''] = quoted.exec(runsMatching({ name }, 0)) ?? [];
      expect(text).not.toMatch(/['"`\\]|\p{Cc}/u);
      expect(Array.from(text).length).toBeLessThanOrEqual(255);
    });
    fc.assert(anything, { numRuns: 500 });
  });

  test('still starts with any prefix of it, made searchable in the same way', () => {
    const halves = fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'grapheme-ascii' }),
      (a, b) => {
        expect(searchableName(`${a}${b}`).startsWith(searchableName(a))).toBe(true);
      },
    );
    fc.assert(halves, { numRuns: 500 });
  });
});
