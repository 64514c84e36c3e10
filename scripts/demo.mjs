#!/usr/bin/env node
// `npm run demo`: prepares a bare clone, then shows a handful of real tasks live.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuild } from './lib/build.mjs';
import { ensureDependencies } from './lib/dependencies.mjs';
import { checkNodeVersion } from './lib/node-version.mjs';
import { stopWithNpm } from './lib/npm-parent.mjs';
import { root } from './lib/root.mjs';

checkNodeVersion();
stopWithNpm();
await ensureDependencies();
await ensureBuild();

// Imported only now: before the build it may not exist.
const main = join(root, 'dist', 'demo', 'main.js');
process.argv[1] = main;
await import(pathToFileURL(main).href);
