// Runs `taskbell up` with the roles of role.mjs.
import { readConfig } from '../../../dist/src/config.js';
import { up } from '../../../dist/src/processes/up.js';

process.exitCode = await up(readConfig(), {
  entry: new URL('./role.mjs', import.meta.url).pathname,
  firstUser: async () => ({ name: 'admin', password: "it's-secret" }),
  backoff: { initialMs: 50, maximumMs: 200, healthyAfterMs: 5_000 },
});
