import { once } from 'node:events';
import { createServer } from 'node:http';
import { BlockList, isIPv4 } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import {
  AddressNotAllowed,
  addressesOf,
  alternating,
  NoPublicAddress,
} from '../../../activities/net/addresses.ts';
import { isPublicAddress } from '../../../activities/net/public-address.ts';
import { createHttpRequest } from '../../../activities/types/http-request/index.ts';
import { createContext, failureOf } from '../types/support.ts';

/** IANA's special-purpose registries, and multicast. */
// A list for each family: Node would apply ::ffff:0:0/96 to all of IPv4.
const special = { ipv4: new BlockList(), ipv6: new BlockList() };
const specialIpv4 =
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 ' +
  '192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32';
const specialIpv6 =
  '::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:2::/48 2001:10::/28 2001:20::/28 ' +
  '2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8 8000::/1 4000::/2';

beforeAll(() => {
  for (const [list, family] of [
    [specialIpv4, 'ipv4'],
    [specialIpv6, 'ipv6'],
  ] as const) {
    for (const subnet of list.split(' ')) {
      const [address = '', prefix] = subnet.split('/');
      special[family].addSubnet(address, Number(prefix), family);
    }
  }
});

describe('isPublicAddress', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.0',
    '2606:4700:4700::1111',
    '2a00:1450:4001:830::200e',
  ])('allows %s', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '168.63.129.16',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001:0:7f00:1::',
    '2001:db8::1',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    'fec0::1',
    '::ffff:0:127.0.0.1',
    'localhost',
    '',
    'x',
  ])('rejects %j', (address) => expect(isPublicAddress(address)).toBe(false));

  it('never allows an address from a special range', () => {
    const inSpecial = [...specialIpv4.split(' '), ...specialIpv6.split(' ')].map(
      (subnet) => subnet.split('/')[0] ?? '',
    );
    const address = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom(...inSpecial));
    fc.assert(
      fc.property(address, (address) => {
        const family = isIPv4(address) ? 'ipv4' : 'ipv6';
        expect(special[family].check(address, family) && isPublicAddress(address)).toBe(false);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('addressesOf', () => {
  it.each(['127.0.0.1', '[::1]'])('rejects the address %s, and names it', async (host) => {
    const attempt = addressesOf(new URL(`http://${host}`), false);
    await expect(attempt).rejects.toBeInstanceOf(AddressNotAllowed);
    await expect(attempt).rejects.toThrow(`${host.replace(/^\[|\]$/g, '')} is not allowed`);
  });

  it.each(['8.8.8.8', '[2606:4700:4700::1111]'])('takes the address %s without a look-up', async (host) => {
    expect(await addressesOf(new URL(`http://${host}`), false)).toEqual([host.replace(/^\[|\]$/g, '')]);
  });

  it('returns private addresses where they are allowed', async () => {
    const addresses = await addressesOf(new URL('http://localhost'), true);
    expect(addresses.length).toBeGreaterThan(0);
    for (const address of addresses) expect(['127.0.0.1', '::1']).toContain(address);
  });

  it('tries the families of a name by turns, that of its first address first', () => {
    const found = [6, 6, 6, 4, 4].map((family, index) => ({ family, address: `${family}-${index}` }));
    expect(alternating(found)).toEqual(['6-0', '4-3', '6-1', '4-4', '6-2']);
    expect(alternating(found.slice(3))).toEqual(['4-3', '4-4']);
    expect(alternating([])).toEqual([]);
  });

  it('says of a private name and of one that does not exist the same, and keeps the difference for the operator', async () => {
    const faultOf = (name: string): Promise<unknown> =>
      addressesOf(new URL(`http://${name}`), false).catch((error: unknown) => error);
    const [known, unknown] = [await faultOf('localhost'), await faultOf('no-such-host.invalid')];
    if (!(known instanceof NoPublicAddress && unknown instanceof NoPublicAddress)) throw known;
    expect(known.message).toBe('localhost does not exist, or leads to an address that may not be called');
    expect(unknown.message).toBe(known.message.replace('localhost', 'no-such-host.invalid'));
    expect(known.detail).toMatch(/^it leads to (?:127\.0\.0\.1|::1)/);
    expect(unknown.detail).toMatch(/ENOTFOUND|EAI_AGAIN/);
  });
});

describe('http-request: allowed addresses', () => {
  let requests = 0;
  const server = createServer((_request, response) => void response.end(String(++requests)));
  let port = 0;

  beforeAll(async () => {
    server.listen(0, '::');
    await once(server, 'listening');
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });

  afterAll(() => void server.close());

  /** Calls a host without the payload's check of the port, since only the address counts here. */
  function call(
    host: string,
    allowHosts: readonly string[] = [],
    warn: (line: string) => void = () => undefined,
  ) {
    const type = createHttpRequest({ allowHosts, warn });
    const url = `http://${host}:${port}/`;
    return type.run(createContext(), { url, method: 'GET', headers: {} });
  }

  it.each([
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '127.1',
    '0',
    '0.0.0.0',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
  ])('rejects %s before it connects', async (host) => {
    const before = requests;
    const failure = await failureOf(call(host));
    expect(failure).toMatchObject({ type: 'AddressNotAllowed', retryable: false });
    expect(failure.message).toContain('is not allowed: only public addresses are called');
    expect(requests).toBe(before);
  });

  it.each(['localhost', 'LOCALHOST'])(
    'rejects the name %s before it connects, and shows its address to the operator alone',
    async (host) => {
      const before = requests;
      const lines: string[] = [];
      const failure = await failureOf(call(host, [], (line) => void lines.push(line)));
      const message = 'localhost does not exist, or leads to an address that may not be called';
      expect(failure).toMatchObject({ type: 'NoPublicAddress', message, retryable: true });
      expect(failure.cause).toBeUndefined();
      expect(lines).toEqual([
        expect.stringMatching(/^http-request did not call localhost: it leads to (?:127\.0\.0\.1|::1)/),
      ]);
      expect(requests).toBe(before);
    },
  );

  it('fails for a name that does not exist exactly as for a private one', async () => {
    const missing = await failureOf(call('no-such-host.invalid'));
    const { type, message, retryable, retryAfterMs } = await failureOf(call('localhost'));
    expect(missing).toMatchObject({ type, retryable, retryAfterMs });
    expect(missing.message).toBe(message.replace('localhost', 'no-such-host.invalid'));
  });

  it('rejects a private address over https as well', async () => {
    const type = createHttpRequest({ allowHosts: [] });
    for (const url of ['https://127.0.0.1/', 'https://[::1]/', 'https://169.254.169.254/']) {
      const attempt = type.run(createContext(), type.payload.parse({ url }));
      expect(await failureOf(attempt)).toMatchObject({ type: 'AddressNotAllowed', retryable: false });
    }
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['2130706433', '127.0.0.1'],
    ['localhost', 'LocalHost'],
    ['[::1]', '[::1]'],
    ['[0:0::1]', '[::1]'],
  ])('calls %s where %s is allowed', async (host, allowed) => {
    expect(await call(host, [`${allowed}:${port}`])).toMatchObject({ status: 200 });
  });

  it('rejects any name or port other than the allowed one', async () => {
    for (const allowed of [
      `127.0.0.1:${port}`,
      `localhost:${port === 1 ? 2 : 1}`,
      `localhost.example:${port}`,
    ]) {
      expect(await failureOf(call('localhost', [allowed]))).toMatchObject({ type: 'NoPublicAddress' });
    }
  });
});
