import { once } from 'node:events';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstConnected } from '../../../activities/net/first-connected.ts';

const server = createServer();
let port = 0;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

/** A socket that connects after a while, as to a distant host; never, without a time. */
function distant(afterMs?: number): Socket {
  const socket = new Socket();
  if (afterMs !== undefined) setTimeout(() => socket.connect(port, '127.0.0.1'), afterMs);
  return socket;
}

/** A socket that fails at once, as one without a route does. */
function unreachable(): Socket {
  const socket = new Socket();
  process.nextTick(() => socket.destroy(new Error('ENETUNREACH')));
  return socket;
}

/** Connects to addresses by these sockets, one each. */
function race(opening: readonly (() => Socket)[], signal = new AbortController().signal) {
  const opened: Socket[] = [];
  const addresses = opening.map((_, index) => String(index));
  const socket = firstConnected(
    addresses,
    (address) => {
      const created = opening[Number(address)]?.() ?? unreachable();
      opened.push(created);
      return created;
    },
    signal,
  );
  return { socket, opened };
}

describe('connecting to a name with several addresses', () => {
  it('waits for a slow address although the next one has failed', async () => {
    const { socket, opened } = race([() => distant(600), unreachable]);
    expect(await socket).toBe(opened[0]);
    (await socket).destroy();
  });

  it('uses the next address although the first one does not answer, and closes the first', async () => {
    const { socket, opened } = race([() => distant(), () => connect(port, '127.0.0.1')]);
    expect(await socket).toBe(opened[1]);
    expect(opened[0]?.destroyed).toBe(true);
    (await socket).destroy();
  });

  it('tries the next address at once when one fails', async () => {
    const { socket, opened } = race([unreachable, unreachable, () => distant(0)]);
    expect(await socket).toBe(opened[2]);
    (await socket).destroy();
  });

  it('tries one address only if it accepts', async () => {
    const { socket, opened } = race([() => distant(0), unreachable]);
    (await socket).destroy();
    expect(opened).toHaveLength(1);
  });

  it('fails with the errors of all addresses, or with that of the only one', async () => {
    await expect(race([unreachable]).socket).rejects.toThrow('ENETUNREACH');
    const error = await race([unreachable, unreachable]).socket.catch((error: unknown) => error);
    expect(error).toMatchObject({ errors: [{ message: 'ENETUNREACH' }, { message: 'ENETUNREACH' }] });
  });

  it('ends with the reason of its signal, and closes what it opened', async () => {
    const controller = new AbortController();
    const { socket, opened } = race([() => distant(), () => distant()], controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(socket).rejects.toBe(reason);
    expect(opened.map(({ destroyed }) => destroyed)).toEqual([true]);
  });
});
