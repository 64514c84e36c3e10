/** Commands that cannot start, run as from a shell. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { jwtSecret } from '../support/service.ts';
import { startTaskbell } from '../support/taskbell.ts';

/** Runs a command with this environment. @returns what it printed on standard error, and its exit code. */
async function run(command: string, environment: Record<string, string> = {}) {
  const home = await makeFolder();
  const taskbell = startTaskbell([command], {
    TASKBELL_HOME: home,
    TASKBELL_JWT_SECRET: jwtSecret,
    // Nothing listens there.
    TEMPORAL_ADDRESS: '127.0.0.1:9',
    HOST: '127.0.0.1',
    PORT: '0',
    ...environment,
  });
  const code = await taskbell.exitCode();
  return { errors: taskbell.errors(), code };
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'taskbell-setup-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test.each(['api', 'worker'])('`taskbell %s` says in one line which task module is wrong', async (command) => {
  const module = join(await makeFolder(), 'own.mjs');
  await writeFile(module, 'throw new Error("no database");');
  expect(await run(command, { TASKBELL_TASK_MODULES: module })).toEqual({
    errors: `TASKBELL_TASK_MODULES: Task module "${module}": it cannot be loaded: no database\n`,
    code: 1,
  });
});
