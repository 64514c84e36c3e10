import type { FindSecret, WantedSecret } from '../../activities/find-secret.ts';
import { portOf } from '../../activities/net/port.ts';
import { createListView } from '../lib/list-view.ts';
import { type Secret, secretsFormat } from './secrets-file.ts';

export interface SecretSourceOptions {
  readonly path: string;
  /** Returns whether a secret may be sent to a URL without encryption. */
  readonly allowsPlain: (url: URL) => boolean;
  /** Called for each secret that is refused, with the reason, which the task's owner does not see. */
  readonly onRefused: (wanted: WantedSecret, reason: string) => void;
  /** Called once if the file becomes unreadable. The secrets that were read last stay in use. */
  readonly onError: (error: Error) => void;
}

/** Protocols of URLs that are not encrypted. Of others than these and https, the handler knows. */
const plainProtocols = new Set(['http:', 'ws:', 'ftp:']);

/** Opens the secrets file of a worker; it may be missing. @throws {ListFileError} if it is corrupt. */
export async function openSecrets(options: SecretSourceOptions): Promise<FindSecret> {
  const { path, allowsPlain, onRefused, onError } = options;
  const view = await createListView({ path, format: secretsFormat, onError, onChange: () => undefined });
  return async (wanted) => {
    // Each time, so that an attempt never uses what was changed or removed before it asked.
    await view.refresh();
    const secret = view.list().find(({ name }) => name === wanted.name);
    const fault = secret === undefined ? `there is none in ${path}` : faultOf(secret, wanted, allowsPlain);
    if (fault === undefined) return secret?.value;
    onRefused(wanted, fault);
    return undefined;
  };
}

/** Returns why a secret is refused; undefined if it is not. */
function faultOf(
  { owners, hosts }: Secret,
  { owner, url: text }: WantedSecret,
  allowsPlain: (url: URL) => boolean,
): string | undefined {
  if (!owners.includes(owner)) return 'its owners do not include this account';
  if (!URL.canParse(text)) return 'it is for no valid URL';
  const url = new URL(text);
  if (!hosts.some((host) => isAt(url, host))) return `its hosts do not include ${url.host}`;
  if (plainProtocols.has(url.protocol) && !allowsPlain(url))
    return `it would be sent to ${url.host} unencrypted, which TASKBELL_HTTP_ALLOW_HOSTS does not have`;
  return undefined;
}

/** Returns whether a URL leads to a host, and to its port: the default one if the host has none. */
function isAt(url: URL, host: string): boolean {
  const hostname = url.hostname.toLowerCase();
  return host === hostname ? url.port === '' : host === `${hostname}:${portOf(url)}`;
}
