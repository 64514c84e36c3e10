import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Closers } from '../../src/lib/closers.ts';
import { retryFor } from '../../src/lib/wait.ts';
import type { Database } from './databases.ts';
import type { Tools } from './install.ts';

export type Query = (text: string, values: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

/** The part of `pg` that is used. It is not a dependency of Taskbell, so its types are not there. */
interface Pg {
  readonly Client: new (options: object) => {
    connect(): Promise<void>;
    end(): Promise<void>;
    query(text: string, values: readonly unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
  };
}

/** Connects to a peer's PostgreSQL, to look at its rows. */
export async function connectSql(
  { npm }: Tools,
  { port, password }: Database,
  closers: Closers,
): Promise<Query> {
  const { Client } = createRequire(join(npm, 'package.json'))('pg') as Pg;
  // It accepts connections shortly before it accepts passwords.
  const client = await retryFor(20_000, async () => {
    const each = new Client({ host: '127.0.0.1', port, user: 'postgres', password, database: 'postgres' });
    await each.connect();
    return each;
  });
  closers.add(() => client.end());
  return async (text, values) => (await client.query(text, values)).rows;
}

/** Returns when the tasks were done that a query returns in its column `at`. */
export function times(rows: readonly Record<string, unknown>[]): Date[] {
  return rows.flatMap(({ at }) => (at instanceof Date ? [at] : []));
}
