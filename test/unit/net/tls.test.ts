/** Requests over TLS, in a process of their own: only at its start does Node.js 20 take a certificate to trust. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';

const certificate = 'test/support/tls/localhost.pem';

/** Sends requests to a server with this certificate, and prints what becomes of each. */
const script = `
  import { once } from 'node:events';
  import { readFileSync } from 'node:fs';
  import { createServer } from 'node:tls';
  import { createHttpRequest } from './dist/activities/types/http-request/index.js';

  const key = readFileSync('test/support/tls/localhost-key.pem');
  const handshakes = [];
  const server = createServer({ key, cert: readFileSync('${certificate}'), ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    handshakes.push({ name: socket.servername, protocol: socket.alpnProtocol });
    socket.on('error', () => {});
    socket.once('data', (data) => {
      const path = String(data).split(' ')[1];
      socket.end(path === '/none' ? '' : 'HTTP/1.1 200 OK\\r\\n' + (path === '/half' ? '' : 'Content-Length: 2\\r\\n\\r\\nok'));
    });
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address();
  const hosts = ['localhost', '127.0.0.1', '127.0.0.2'];
  const type = createHttpRequest({ allowHosts: hosts.map((host) => host + ':' + port) });
  const context = { idempotencyKey: 'task.run', signal: new AbortController().signal };
  const outcomes = {};
  for (const target of ['localhost/', '127.0.0.1/', '127.0.0.2/', 'localhost/none', 'localhost/half']) {
    const [host, path] = target.split('/');
    const payload = type.payload.parse({ url: 'https://' + host + ':' + port + '/' + path, method: 'POST' });
    outcomes[target] = await type.run(context, payload).then(({ body }) => body, ({ type, message }) => type + ': ' + message);
  }
  console.log(JSON.stringify({ outcomes, handshakes }));
  server.close();
`;

interface Printed {
  readonly outcomes: Readonly<Record<string, string>>;
  readonly handshakes: readonly unknown[];
}

async function run(environment: NodeJS.ProcessEnv): Promise<Printed> {
  const args = ['--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: environment });
  return JSON.parse(stdout) as Printed;
}

describe('http-request over TLS', () => {
  let trusting: Printed;
  let distrusting: Printed;

  beforeAll(async () => {
    const { NODE_EXTRA_CA_CERTS: _unused, ...environment } = process.env;
    [trusting, distrusting] = await Promise.all([
      run({ ...environment, NODE_EXTRA_CA_CERTS: certificate }),
      run(environment),
    ]);
  });

  it('sends the name that the certificate is for, and HTTP/1.1 as its protocol', () => {
    expect(trusting.outcomes['localhost/']).toBe('ok');
    expect(trusting.handshakes[0]).toEqual({ name: 'localhost', protocol: 'http/1.1' });
  });

  it('accepts a certificate for an address', () => {
    expect(trusting.outcomes['127.0.0.1/']).toBe('ok');
    expect(trusting.handshakes[1]).toEqual({ name: false, protocol: 'http/1.1' });
  });

  it('rejects a certificate for another host', () => {
    expect(trusting.outcomes['127.0.0.2/']).toMatch(
      /^HttpConnection: .*127\.0\.0\.2 is not in the cert's list/,
    );
  });

  it('rejects a certificate that it does not trust', () => {
    expect(distrusting.outcomes['localhost/']).toMatch(/^HttpConnection: .*self-signed certificate/);
  });

  it('counts what arrives after the handshake as a response, and not the handshake', () => {
    expect(trusting.outcomes['localhost/none']).toMatch(/^HttpConnection: /);
    expect(trusting.outcomes['localhost/half']).toMatch(/^HttpResponse: /);
  });
});
