import type { FindSecret, SecretAnswer, WantedSecret } from '../../activities/find-secret.ts';
import { portOf } from '../../activities/net/port.ts';
import { asListFileError, readListFile } from '../lib/list-file.ts';
import { TimeLimitError, withTimeLimit } from '../lib/time-limit.ts';
import { unlessAborted } from '../lib/wait.ts';
import { type Secret, secretsFormat } from './secrets-file.ts';

export interface SecretSourceOptions {
  readonly path: string;
  /** Maximum time to wait for the file, in milliseconds: a mount can be stuck. */
  readonly readMs?: number;
  /** Reads the file. */
  readonly read?: (path: string, format: typeof secretsFormat) => Promise<readonly Secret[]>;
  /** Called once if the file becomes unreadable. Until that is mended, no secret is handed out. */
  readonly onError: (error: Error) => void;
}

const defaultReadMs = 5000;

/** Protocols of URLs that are not encrypted. Of others than these and https, the handler knows. */
const plainProtocols = new Set(['http:', 'ws:', 'ftp:']);

/** Opens the secrets file of a worker; it may be missing. @throws {ListFileError} if it cannot be read. */
export async function openSecrets(options: SecretSourceOptions): Promise<FindSecret> {
  const { path, readMs = defaultReadMs, read = readListFile, onError } = options;
  const readNext = oneAtATime(() => read(path, secretsFormat));
  const readInTime = async (): Promise<readonly Secret[]> => {
    const message = `not read within ${readMs / 1000} s`;
    const limit = { limitMs: readMs, message, signal: new AbortController().signal };
    try {
      return await withTimeLimit(limit, (signal) => unlessAborted(readNext(), signal));
    } catch (error) {
      throw error instanceof TimeLimitError ? asListFileError(path, error) : error;
    }
  };
  await readInTime();
  let reported: string | undefined;
  return async (wanted) => {
    try {
      // Each time, so that an attempt never uses what was changed or removed before it asked.
      const secrets = await readInTime();
      reported = undefined;
      return answerOf(secrets, wanted, path);
    } catch (error) {
      const failure = asListFileError(path, error);
      if (failure.message !== reported) onError(failure);
      reported = failure.message;
      return { kind: 'unreadable' };
    }
  };
}

/**
 * Returns a function that reads one at a time: each read of a stuck mount takes one of Node's few threads. Who calls it
 * meanwhile gets what is read next, which begins after the call.
 */
function oneAtATime<T>(read: () => Promise<T>): () => Promise<T> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<T> | undefined;
  return () => {
    next ??= running.then(() => {
      next = undefined;
      const reading = read();
      running = reading.catch(() => undefined);
      return reading;
    });
    return next;
  };
}

function answerOf(secrets: readonly Secret[], wanted: WantedSecret, path: string): SecretAnswer {
  const secret = secrets.find(({ name }) => name === wanted.name);
  const reason = secret === undefined ? `there is none in ${path}` : faultOf(secret, wanted);
  if (secret === undefined || reason !== undefined) return { kind: 'refused', reason: reason ?? '' };
  return { kind: 'found', value: secret.value };
}

/** Returns why a secret is refused; undefined if it is not. */
function faultOf({ owners, hosts }: Secret, { owner, url: text }: WantedSecret): string | undefined {
  if (!owners.includes(owner)) return 'its owners do not include this account';
  if (!URL.canParse(text)) return 'it is for no valid URL';
  const url = new URL(text);
  if (hosts.some((host) => isAt(url, host))) return undefined;
  const place = plainProtocols.has(url.protocol) ? `${url.protocol}//${url.host}` : url.host;
  return `its hosts do not include ${place}`;
}

/**
 * Returns whether a URL leads to a host, and to its port: the default one if the host has none. A host without a
 * protocol is for those that encrypt.
 */
function isAt(url: URL, host: string): boolean {
  if (plainProtocols.has(url.protocol)) return host === `${url.protocol}//${url.host}`;
  const hostname = url.hostname.toLowerCase();
  return host === hostname ? url.port === '' : host === `${hostname}:${portOf(url)}`;
}
