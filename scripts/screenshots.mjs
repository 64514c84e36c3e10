#!/usr/bin/env node
// `npm run screenshots`: takes the pictures of the dashboard for README.md and docs/, with real tasks in its
// own service. Before that, tasks run for some minutes (`-- --minutes=20`; the default is 3): the longer, the
// fuller the charts.
import { ensureBuild } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { checkNodeVersion } from './lib/node-version.mjs';
import { runNode } from './lib/run.mjs';
import { ensureSystemPackages } from './lib/system-packages.mjs';
import { ensureTemporal } from './lib/temporal.mjs';

checkNodeVersion();
await ensureSystemPackages();
await ensureDependencies();
await ensureBuild();
await ensureTemporal();
process.exitCode = await runNode(['--import', 'tsx', 'test/screenshots/make.ts', ...process.argv.slice(2)]);
