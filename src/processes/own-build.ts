import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Folder of the build (dist/) that the running code is a part of. */
export const buildFolder = pathOf('./');
/** The executable `taskbell`, which `up` also runs as `worker` and as `api`. */
export const executable = pathOf('src/cli/main.js');
/** The script of a handler process. */
export const handlerScript = pathOf('activities/pool/handler-main.js');
export const workflowBundle = pathOf('workflow-bundle.js');

/** Returns the path of the package's manifest: beside the build, or with the sources if they run as they are. */
export function packageManifest(): string {
  const withSources = pathOf('package.json');
  return existsSync(withSources) ? withSources : pathOf('../package.json');
}

/**
 * Resolves a path within the build. This file's code is two folders below it, compiled (src/processes) or bundled
 * (src/chunks).
 */
function pathOf(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
