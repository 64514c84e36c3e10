#!/usr/bin/env node
// `npm run bench`: prepares the clone and runs bench/main.ts against the built product.
import { closeSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureBuild } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { checkNodeVersion } from './lib/node-version.mjs';
import { stopWithNpm } from './lib/npm-parent.mjs';
import { runNode } from './lib/run.mjs';
import { ensureTemporal } from './lib/temporal.mjs';

checkNodeVersion();
stopWithNpm();
await ensureDependencies();
await ensureBuild();
await ensureTemporal();
// The service logs as much as it does for a user, which is part of its cost.
const log = join(tmpdir(), `taskbell-bench-${process.pid}.log`);
const descriptor = openSync(log, 'w', 0o600);
// Kept if something has failed.
process.once('exit', (code) => {
  if (code !== 1) rmSync(log, { force: true });
});
const args = ['--import', 'tsx', 'bench/main.ts', ...process.argv.slice(2)];
process.exitCode = await runNode(args, { stdio: ['ignore', 'inherit', descriptor] });
closeSync(descriptor);
if (process.exitCode === 1) console.error(`What the processes have logged is in ${log}.`);
