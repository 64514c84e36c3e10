import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

/**
 * Compiles the current sources, for tests that run them in separate processes.
 * @returns the output folder. It is inside the checkout, so that packages are found from there.
 */
export async function compileSources(name: string): Promise<string> {
  const folder = resolve('node_modules', '.cache', 'taskbell-test', name);
  await rm(folder, { recursive: true, force: true });
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const output = await new Promise<string>((done) => {
    execFile(
      process.execPath,
      [tsc, '-p', 'tsconfig.build.json', '--outDir', folder],
      (_error, stdout, stderr) => done(stdout + stderr),
    );
  });
  // tsc emits despite type errors, which `npm run check` reports.
  if (!existsSync(join(folder, 'src', 'config.js'))) throw new Error(`tsc emitted nothing: ${output}`);
  return folder;
}
