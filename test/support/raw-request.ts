import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { request } from 'node:http';

export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

export interface RawRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Sends a request with any Host, as a page can whose name resolves to this machine. undefined if it gets no HTTP answer. */
export function sendRaw(
  { host, port }: { host: string; port: number },
  { method = 'GET', path = '/', headers }: RawRequest,
): Promise<RawAnswer | undefined> {
  return new Promise((resolve) => {
    const sent = request({ host, port, method, path, headers, agent: false, timeout: 5_000 }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', () => resolve(undefined));
    sent.on('timeout', () => sent.destroy());
    sent.end();
  });
}

/** Returns where a process listens, over IPv4. Linux only. */
export function listenersOf(pid: number): { host: string; port: number }[] {
  const folder = `/proc/${pid}/fd`;
  const inodes = new Set(
    readdirSync(folder).map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1]),
  );
  return readFileSync(`/proc/${pid}/net/tcp`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode))
    .map(([, local = '']) => {
      const [address = '', port = ''] = local.split(':');
      // The kernel writes the address as one little-endian number.
      const host = [...Buffer.from(address, 'hex')].toReversed().join('.');
      return { host, port: Number.parseInt(port, 16) };
    });
}
