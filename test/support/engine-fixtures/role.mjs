// A role for tests of `taskbell up`: serves HTTP, records its events in a file, and misbehaves on request. Its settings
// are environment variables, as for real roles: ROLE_EVENTS, and ROLE_FATAL, ROLE_CRASH and ROLE_STUBBORN,
// which each name the role that misbehaves. While the file ROLE_BROKEN_WHILE exists, the worker can't start.
import { appendFileSync, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { notifyFatal, notifyReady, onParentExit } from '../../../dist/src/processes/parent.js';

const role = process.argv[2];
const record = (event) => appendFileSync(process.env.ROLE_EVENTS, `${role} ${event} ${process.pid}\n`);

onParentExit(() => {
  record('orphaned');
  process.exit(0);
});
process.on('SIGTERM', () => {
  if (process.env.ROLE_STUBBORN === role) return;
  record('stopped');
  process.exit(0);
});

const isBroken = role === 'worker' && existsSync(process.env.ROLE_BROKEN_WHILE ?? '');
if (process.env.ROLE_FATAL === role || isBroken) {
  notifyFatal('SOME_VARIABLE: must be something else');
  process.exit(1);
}

const secrets = Object.keys(process.env).filter((name) => /^TASKBELL_(JWT_SECRET|METRICS_TOKEN)/.test(name));
if (process.env.ROLE_CRASH === role) process.exit(3);

const server = createServer((_request, response) => {
  const { TEMPORAL_ADDRESS: temporal, TASKBELL_METRICS_PORT: metricsPort } = process.env;
  response.end(JSON.stringify({ pid: process.pid, secrets, temporal, metricsPort }));
});
server.listen(role === 'api' ? Number(process.env.PORT) : 0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  record(`ready ${url}`);
  notifyReady({ url });
});
