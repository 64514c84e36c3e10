/** The client as users get it: imported from the package by its name. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useService } from '../support/service.ts';

const run = promisify(execFile);

const flags = '--noEmit --strict --skipLibCheck --module nodenext --target es2023 --lib es2023,dom'.split(
  ' ',
);

const service = useService();
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'taskbell-consumer-'));
  await mkdir(join(folder, 'node_modules'));
  await symlink(resolve('.'), join(folder, 'node_modules', 'taskbell'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test("the README's example creates a task, watches it to its end and prints what is wrong with another", async () => {
  const { stdout } = await run(process.execPath, [
    'examples/client.mjs',
    service.url,
    service.users.alice.name,
    service.users.alice.password,
  ]);
  const lines = stdout.trim().split('\n');
  expect(lines[0]).toMatch(/^SCHEDULED \{ reason: 'time'/);
  expect(stdout).toMatch(/^COMPLETED \{/m);
  expect(stdout).toMatch(/^\/name /m);
  expect(stdout).toMatch(/^\/delay /m);
});

test('the types of the client accept a valid task, and reject an unknown field', async () => {
  const consumer = (body: string): string => `
    import { createClient, type TaskSummary } from 'taskbell/client';
    const client = createClient({ url: 'http://127.0.0.1', token: 'x' });
    export async function use(): Promise<TaskSummary[]> {
      const states: TaskSummary[] = [];
      ${body}
      for await (const task of client.tasks.watch('id', { until: 'ended' })) states.push(task);
      return states;
    }`;
  await writeFile(join(folder, 'good.ts'), consumer(`await client.tasks.create({ name: 'n', delay: 1 });`));
  await writeFile(join(folder, 'bad.ts'), consumer(`await client.tasks.create({ name: 'n', dealy: 1 });`));
  const check = (file: string) =>
    run(process.execPath, [resolve('node_modules/typescript/bin/tsc'), ...flags, file], { cwd: folder });
  await expect(check('good.ts')).resolves.toMatchObject({ stdout: '' });
  await expect(check('bad.ts')).rejects.toMatchObject({
    stdout: expect.stringMatching(/bad\.ts.*dealy/) as string,
  });
});

test('the packed package contains the client, whose browser entry needs no other package', async () => {
  const place = join(folder, 'packed');
  const modules = join(place, 'node_modules');
  await mkdir(modules, { recursive: true });
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', place]);
  const archive = (await readdir(place)).find((name) => name.endsWith('.tgz')) ?? '';
  await run('tar', ['-xzf', join(place, archive), '-C', modules]);
  await rename(join(modules, 'package'), join(modules, 'taskbell'));
  const script = `import * as taskbell from 'taskbell/client'; console.log(Object.keys(taskbell).join())`;
  await writeFile(join(place, 'use.mjs'), script);
  const { stdout } = await run(process.execPath, ['--conditions=browser', 'use.mjs'], { cwd: place });
  expect(stdout.trim().split(',')).toEqual(['TaskbellError', 'createClient']);
});
