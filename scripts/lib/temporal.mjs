import { importBuilt } from './build.mjs';

/** Obtains the Temporal server now, showing progress, so that no test waits minutes for it. Needs dist. */
export async function ensureTemporal() {
  const { readConfig } = await importBuilt('config.js');
  const { locateTemporal } = await importBuilt('engine/locate.js');
  const { showProgress } = await importBuilt('processes/progress.js');
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
