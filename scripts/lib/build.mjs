import { isBuilt } from './build-stamp.mjs';
import { orExit, runNode } from './run.mjs';

/** Builds dist unless it was built from the current sources. */
export async function ensureBuild() {
  if (isBuilt()) return;
  console.error('Building Taskbell…');
  await orExit(runNode(['scripts/build.mjs']));
}
