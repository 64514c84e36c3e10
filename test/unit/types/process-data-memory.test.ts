import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';

const project = join(import.meta.dirname, '../../..');
const folder = mkdtempSync(join(tmpdir(), 'taskbell-memory-'));
const megabytes = 50;

/** Runs the compiled task type on a file, in its own process: this one has the test runner's memory. */
const program = `
  import { readFileSync } from 'node:fs';
  import { createProcessData } from './out/activities/types/process-data/index.js';
  let silentSince = performance.now(), longest = 0, turns = 0;
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - silentSince);
    silentSince = now;
    turns++;
  }, 5).unref();
  let checkpoints = 0;
  const context = {
    owner: { id: '1', name: 'alice' },
    signal: new AbortController().signal,
    checkpoint: { read: () => undefined, write: () => void checkpoints++ },
    progress() {},
    log: console,
  };
  const type = createProcessData({ dataDir: import.meta.dirname });
  const { rows } = await type.run(context, { file: 'large.csv' });
  const status = readFileSync('/proc/self/status', 'utf8');
  // Not ru_maxrss: that also counts the process which forked this one.
  const maxRssMb = Number(/VmHWM:\\s*(\\d+)/.exec(status)[1]) / 1024;
  console.log(JSON.stringify({ rows, maxRssMb, longest, turns, checkpoints }));
`;
const report = z.object({
  rows: z.number(),
  maxRssMb: z.number(),
  longest: z.number(),
  turns: z.number(),
  checkpoints: z.number(),
});

let rows = 0;

beforeAll(async () => {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'run.js'), program);
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  const options = {
    rootDir: project,
    outDir: join(folder, 'out'),
    noEmit: false,
    allowImportingTsExtensions: false,
  };
  const config = {
    extends: join(project, 'tsconfig.json'),
    compilerOptions: { ...options, typeRoots: [join(project, 'node_modules/@types')] },
    include: [],
    files: [join(project, 'activities/types/process-data/index.ts')],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  execFileSync(join(project, 'node_modules/.bin/tsc'), ['-p', folder], { stdio: 'inherit' });
  mkdirSync(join(folder, 'alice'));
  const file = await open(join(folder, 'alice/large.csv'), 'w');
  await file.write('id,when,city,amount,note\n');
  // Unique numbers and texts, so that all columns but two have more values than a column can hold.
  for (let bytes = 0; bytes < megabytes * 1e6;) {
    const lines: string[] = [];
    for (let i = 0; i < 10_000; i++) {
      rows++;
      const amount = ((rows * 7919) % 1_000_003) / 100;
      lines.push(
        `${rows},2024-01-${10 + (rows % 20)},"New York, NY",${amount},note ${rows * 31} and some more words`,
      );
    }
    bytes += (await file.write(`${lines.join('\n')}\n`)).bytesWritten;
  }
  await file.close();
});

afterAll(() => rmSync(folder, { recursive: true }));

it(`reads ${megabytes} MB of CSV in less than 200 MB of memory, letting the event loop run`, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'run.js')]);
  const measured = report.parse(JSON.parse(stdout));
  expect(measured.rows).toBe(rows);
  expect(measured.maxRssMb).toBeLessThan(200);
  // Twice the target for an idle machine: this one may be busy.
  expect(measured.longest).toBeLessThan(500);
  expect(measured.turns).toBeGreaterThan(100);
});
