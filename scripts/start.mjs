#!/usr/bin/env node
// `npm start`: prepares a bare clone, then becomes the `taskbell` command in this same process, so that no
// process in between has to pass on signals and exit codes.
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

const main = join(root, 'dist', 'src', 'cli', 'main.js');
process.argv[1] = main;
await import(pathToFileURL(main).href);
