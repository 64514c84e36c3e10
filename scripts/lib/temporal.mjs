import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './root.mjs';

/** Obtains the Temporal server now, showing progress, so that no test waits minutes for it. Needs dist. */
export async function ensureTemporal() {
  const { readConfig } = await load('config.js');
  const { locateTemporal } = await load('engine/locate.js');
  const { showProgress } = await load('processes/progress.js');
  const progress = showProgress(process.stderr);
  try {
    await locateTemporal(readConfig().engine, progress.report);
  } catch (error) {
    progress.print(error.name === 'SetupError' ? error.message : error.stack);
    process.exit(1);
  } finally {
    progress.clear();
  }
}

function load(path) {
  return import(pathToFileURL(join(root, 'dist', 'src', path)).href);
}
