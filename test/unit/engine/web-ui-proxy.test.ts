import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startWebUiProxy, type WebUiProxy } from '../../../src/engine/web-ui-proxy.ts';
import { sendRaw } from '../../support/raw-request.ts';
import { waitFor } from '../../support/wait-for.ts';

const host = '127.0.0.1';

let close: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const each of close.toReversed()) await each();
  close = [];
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Starts a proxy in front of a server that stands for the Web UI. */
async function start(answer: Answer): Promise<{ proxy: WebUiProxy; webUi: Server }> {
  const webUi = createServer(answer).listen(0, host);
  await once(webUi, 'listening');
  const { port } = webUi.address() as AddressInfo;
  const proxy = await startWebUiProxy({ host, port: 0, target: () => ({ host, port }) });
  close.push(
    async () => {
      webUi.closeAllConnections();
      webUi.close();
    },
    () => proxy.close(),
  );
  return { proxy, webUi };
}

/** Answers with what it has received. */
const echo: Answer = (received, response) => {
  let body = '';
  received.setEncoding('utf8').on('data', (text: string) => (body += text));
  received.on('end', () => {
    const { method, url, headers } = received;
    response.writeHead(200, { 'set-cookie': ['a=1', 'b=2'] });
    response.end(JSON.stringify({ method, url, headers, body }));
  });
};

describe('the proxy before the Temporal Web UI', () => {
  test('answers 502 before there is a Web UI', async () => {
    const proxy = await startWebUiProxy({ host, port: 0, target: () => undefined });
    close.push(() => proxy.close());
    const { port } = proxy;
    const headers = { host: `${host}:${port}` };
    expect(await sendRaw({ host, port }, { headers })).toMatchObject({ status: 502 });
  });

  test.each(['127.0.0.1', 'localhost', 'LOCALHOST', '[::1]'])(
    'serves it under the name %s with its own port',
    async (name) => {
      const { proxy } = await start(echo);
      const { port } = proxy;
      const headers = { host: `${name}:${port}` };
      expect(await sendRaw({ host, port }, { headers })).toMatchObject({ status: 200 });
      const origin = `http://${name}:${port}`.toLowerCase();
      expect(
        await sendRaw({ host, port }, { method: 'POST', headers: { ...headers, origin } }),
      ).toMatchObject({ status: 200 });
    },
  );

  test.each([
    'evil.test',
    'evil.test:PORT',
    '127.0.0.1',
    'localhost:1',
    '127.0.0.1.evil.test:PORT',
    'evil.localhost:PORT',
    '127.0.0.2:PORT',
    '0.0.0.0:PORT',
    'localhost.:PORT',
    'user@localhost:PORT',
  ])('rejects the host "%s" with 403, and asks nothing of the Web UI', async (name) => {
    let asked = 0;
    const { proxy } = await start((_request, response) => {
      asked += 1;
      response.end();
    });
    const { port } = proxy;
    const headers = { host: name.replace('PORT', String(port)) };
    expect(await sendRaw({ host, port }, { headers })).toEqual({
      status: 403,
      body: `The Temporal Web UI is not served under this address. Open http://127.0.0.1:${port}\n`,
    });
    expect(asked).toBe(0);
  });

  test.each([
    'http://evil.test',
    'null',
    'http://127.0.0.1:1',
    'https://127.0.0.1:PORT',
    'http://evil.test:PORT',
  ])('rejects requests of pages from %s with 403', async (from) => {
    const { proxy } = await start(echo);
    const { port } = proxy;
    const headers = { host: `127.0.0.1:${port}`, origin: from.replace('PORT', String(port)) };
    expect(await sendRaw({ host, port }, { method: 'POST', headers })).toMatchObject({ status: 403 });
  });

  test('passes on methods, paths, headers, cookies and bodies, both ways', async () => {
    const { proxy } = await start(echo);
    const url = `http://127.0.0.1:${proxy.port}/api/v1/x?y=%20`;
    const response = await fetch(url, { method: 'PUT', body: 'some text', headers: { cookie: 'c=3' } });
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.json()).toMatchObject({
      method: 'PUT',
      url: '/api/v1/x?y=%20',
      headers: { cookie: 'c=3', host: `127.0.0.1:${proxy.port}` },
      body: 'some text',
    });
  });

  test('passes on a body in chunks as one, whatever the method', async () => {
    const { proxy } = await start(echo);
    const { port } = proxy;
    const sent = request({ host, port, method: 'DELETE', headers: { 'transfer-encoding': 'chunked' } });
    sent.write('GET /one HTTP/1.1\r\n');
    sent.end('Host: two\r\n\r\n');
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of response.setEncoding('utf8')) text += String(chunk);
    expect(JSON.parse(text)).toMatchObject({
      method: 'DELETE',
      body: 'GET /one HTTP/1.1\r\nHost: two\r\n\r\n',
    });
  });

  test('passes on each part of a response when it comes, and ends a request that its page gave up', async () => {
    let ended = false;
    const { proxy } = await start((_request, response) => {
      response.write('first');
      response.once('close', () => (ended = true));
    });
    const giveUp = new AbortController();
    const response = await fetch(`http://127.0.0.1:${proxy.port}/`, { signal: giveUp.signal });
    const { value } = (await response.body?.getReader().read()) ?? {};
    expect(new TextDecoder().decode(value)).toBe('first');
    giveUp.abort();
    await waitFor('the Web UI to see the end', () => ended);
  });

  test('passes on WebSockets, and rejects those of other sites', async () => {
    const { proxy, webUi } = await start(echo);
    const sockets = new WebSocketServer({ server: webUi });
    sockets.on('connection', (socket) =>
      socket.on('message', (data: Buffer) => socket.send(`you said ${data.toString()}`)),
    );
    const url = `ws://127.0.0.1:${proxy.port}/`;
    const own = new WebSocket(url, { origin: `http://127.0.0.1:${proxy.port}` });
    onTestFinished(() => own.terminate());
    await once(own, 'open');
    own.send('hello');
    const [answer]: unknown[] = await once(own, 'message');
    expect(String(answer)).toBe('you said hello');
    for (const wrong of [{ origin: 'http://evil.test' }, { headers: { host: 'evil.test' } }]) {
      const [error]: unknown[] = await once(new WebSocket(url, wrong), 'error');
      expect(String(error)).toContain('Unexpected server response: 403');
    }
  });

  test('answers 502 while the Web UI is down', async () => {
    const { proxy, webUi } = await start(echo);
    webUi.close();
    const response = await fetch(`http://127.0.0.1:${proxy.port}/`);
    expect(response.status).toBe(502);
    expect(await response.text()).toBe('The Temporal Web UI does not respond. Try again in a few seconds.\n');
  });

  test('ends open requests and sockets when it is closed', async () => {
    const { proxy } = await start(() => undefined);
    const waiting = fetch(`http://127.0.0.1:${proxy.port}/`).then(
      () => 'answered',
      () => 'ended',
    );
    await proxy.close();
    expect(await waiting).toBe('ended');
  });
});
