import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isBuilt } from './build-stamp.mjs';
import { root } from './root.mjs';
import { orExit, runNode } from './run.mjs';

/** Builds dist unless it was built from the current sources. */
export async function ensureBuild() {
  if (isBuilt()) return;
  console.error('Building Taskbell…');
  await orExit(runNode(['scripts/build.mjs']));
}

/** Imports a module of the built sources. @param path its path in `dist/src` */
export function importBuilt(path) {
  return import(pathToFileURL(join(root, 'dist', 'src', path)).href);
}
