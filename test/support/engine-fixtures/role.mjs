// A role for tests of `taskbell up`: serves HTTP, tells in a file what happens to it, and misbehaves when asked to.
// Settings come by environment, since roles get them so: COMPILED, ROLE_EVENTS, ROLE_FATAL, ROLE_CRASH, ROLE_STUBBORN
// (each names a role).
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:http';

const { notifyFatal, notifyReady, onParentGone } = await import(`${process.env.COMPILED}/src/cli/parent.js`);
const role = process.argv[2];
const tell = (event) => appendFileSync(process.env.ROLE_EVENTS, `${role} ${event} ${process.pid}\n`);

onParentGone(() => {
  tell('orphaned');
  process.exit(0);
});
process.on('SIGTERM', () => {
  if (process.env.ROLE_STUBBORN === role) return;
  tell('stopped');
  process.exit(0);
});

if (process.env.ROLE_FATAL === role) {
  notifyFatal('SOME_VARIABLE: must be something else');
  process.exit(1);
}

const secrets = Object.keys(process.env).filter((name) => name.startsWith('TASKBELL_JWT_SECRET'));
if (process.env.ROLE_CRASH === role) process.exit(3);

const server = createServer((_request, response) => {
  response.end(JSON.stringify({ pid: process.pid, secrets, temporal: process.env.TEMPORAL_ADDRESS }));
});
server.listen(role === 'api' ? Number(process.env.PORT) : 0, '127.0.0.1', () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  tell(`ready ${url}`);
  notifyReady({ url });
});
