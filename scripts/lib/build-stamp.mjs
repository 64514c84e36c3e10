import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './root.mjs';

const inputs = [
  'activities',
  'demo',
  'src',
  'workflows',
  'scripts/build.mjs',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.build.json',
];

/** Name of the file in dist with the hash of the sources it was built from. */
export const stampName = '.built-from';

/** Hashes everything that dist is built from: its contents, since a checkout gives all files the same age. */
export function hashSources() {
  const hash = createHash('sha256');
  for (const path of inputs.flatMap(listFiles).toSorted(byCodeUnits)) {
    hash
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

export function isBuilt() {
  try {
    return readFileSync(join(root, 'dist', stampName), 'utf8') === hashSources();
  } catch {
    return false;
  }
}

function listFiles(path) {
  if (path.includes('.')) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

/** Compares strings. The order is the same everywhere, unlike that of a locale. */
function byCodeUnits(a, b) {
  return a < b ? -1 : 1;
}
