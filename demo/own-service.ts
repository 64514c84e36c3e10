/**
 * The process that service.ts forks: `taskbell up` on a throwaway home. It ends when the demo that forked it
 * ends, however that happens, and leaves nothing behind.
 */
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../src/config.ts';
import { onParentExit } from '../src/processes/parent.ts';
import { up } from '../src/processes/up.ts';

const config = readConfig();
onParentExit(() => process.kill(process.pid, 'SIGTERM'));
try {
  process.exitCode = await up(config, {
    entry: fileURLToPath(new URL('../src/cli/main.js', import.meta.url)),
  });
} finally {
  await rm(config.home, { recursive: true, force: true });
}
