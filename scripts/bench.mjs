#!/usr/bin/env node
// `npm run bench:NAME`: prepares the clone and runs bench/NAME.ts against the built product.
import { ensureBuild } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { checkNodeVersion } from './lib/node-version.mjs';
import { runNode } from './lib/run.mjs';
import { ensureTemporal } from './lib/temporal.mjs';

const [name = 'feed', ...args] = process.argv.slice(2);

checkNodeVersion();
await ensureDependencies();
await ensureBuild();
await ensureTemporal();
process.exitCode = await runNode(['--import', 'tsx', `bench/${name}.ts`, ...args]);
