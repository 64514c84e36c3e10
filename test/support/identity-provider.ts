import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

export const issuer = 'https://login.example/realm';
export const audience = 'taskbell-of-the-tests';

export interface SigningKey {
  readonly alg: string;
  readonly kid: string;
  readonly privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
  readonly published: JWK;
}

/** An identity provider as the service sees it: a published set of keys, and the tokens signed with them. */
export interface TestProvider {
  readonly jwksUrl: string;
  /** Number of requests for the keys so far. */
  readonly asked: number;
  /** Answers requests for the keys. Assign another function to change the answer. */
  answer: (response: ServerResponse) => void;
  publish(...keys: readonly SigningKey[]): void;
  close(): Promise<void>;
}

export async function newKey(alg: string, kid: string): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, kid, privateKey, published: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** @param port 0 for any free port. */
export async function startProvider(port = 0): Promise<TestProvider> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    provider.answer(response);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const provider: TestProvider = {
    jwksUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    get asked() {
      return asked;
    },
    answer: (response) => void response.writeHead(500).end(),
    publish(...keys) {
      const body = JSON.stringify({ keys: keys.map(({ published }) => published) });
      provider.answer = (response) =>
        void response.writeHead(200, { 'Content-Type': 'application/json' }).end(body);
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return provider;
}

/** Signs a token that is valid except for the given key and claims. */
export function tokenOf(
  {
    alg,
    kid,
    privateKey,
  }: Pick<SigningKey, 'alg' | 'kid'> & { privateKey: SigningKey['privateKey'] | Uint8Array },
  claims: Record<string, unknown> = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  const all = { iss: issuer, aud: audience, sub: 'user-1', iat: now, exp: now + 300, ...claims };
  return new SignJWT(all).setProtectedHeader({ alg, kid }).sign(privateKey);
}
