#!/usr/bin/env node
// `npm run screenshots`: pictures of the dashboard for the README, of real tasks in a service of its own.
// The longer it lets tasks run before (`-- --minutes=20`; 3 unless told otherwise), the more the charts have to show.
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
