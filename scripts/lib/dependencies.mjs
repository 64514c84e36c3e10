import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';
import { orExit, runNpm } from './run.mjs';

const flags = ['--no-audit', '--no-fund', '--ignore-scripts'];

/** Installs the dependencies unless node_modules matches package-lock.json. None needs its install scripts. */
export async function ensureDependencies() {
  if (areInstalled()) return;
  console.error('Installing dependencies (npm)…');
  await orExit(runNpm(['ci', ...flags, '--loglevel=error']));
}

/** npm writes node_modules/.package-lock.json last in an installation, so it lists what is really installed. */
function areInstalled() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  if (wanted === undefined || installed === undefined) return false;
  return Object.entries(wanted).every(([path, { version, integrity, optional, devOptional }]) => {
    const there = installed[path];
    if (path === '' || (there === undefined && (optional || devOptional))) return true;
    return there?.version === version && there?.integrity === integrity;
  });
}

function readPackages(path) {
  try {
    return JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
  } catch {
    // Missing, or cut off: npm has to install.
    return undefined;
  }
}
