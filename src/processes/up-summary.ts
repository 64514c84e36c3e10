import { ownCommand } from '../lib/own-command.ts';

/** The account that the first start creates, until its first sign-in. */
export interface FirstUser {
  readonly name: string;
  /** Absent if an earlier start created the account: only that start knew it. */
  readonly password?: string | undefined;
  /** Link that signs in to the dashboard; works once, within 15 minutes. */
  readonly link?: string | undefined;
}

export interface SummaryFacts {
  readonly url: string;
  readonly webUiUrl: string | undefined;
  /** Addresses of the metrics, if they are on. */
  readonly metrics?: { readonly api: string | undefined; readonly worker: string | undefined };
  /** Issuer of the accepted tokens, when an identity provider manages the accounts. */
  readonly issuer?: string | undefined;
  /** null when there were users already: their passwords aren't known. */
  readonly firstUser: FirstUser | null;
  readonly retentionDays: number;
}

const wishedRetentionDays = 30;

/** Returns what `taskbell up` prints once everything is serving. */
export function summary({ url, webUiUrl, metrics, issuer, firstUser, retentionDays }: SummaryFacts): string {
  const rows: (readonly [string, string])[] = [['Address', url]];
  if (issuer !== undefined) {
    rows.push(['Sign in', `with a token from ${issuer}`]);
  } else if (firstUser !== null) {
    rows.push(['Sign in', signInAs(firstUser)]);
    if (firstUser.link !== undefined) {
      rows.push(['Sign-in link', 'signs you in to the dashboard; works once, within 15 minutes:']);
      // On its own line, so that selecting or clicking gets the link and nothing else.
      rows.push(['', firstUser.link]);
    }
  } else {
    rows.push(['Sign in', `with your password; \`${ownCommand('users passwd NAME')}\` sets a new one`]);
    rows.push([
      'Sign-in link',
      `\`${ownCommand('users link NAME')}\` prints one: no password needed, works once`,
    ]);
  }
  if (webUiUrl !== undefined) rows.push(['Temporal Web UI', webUiUrl]);
  for (const [role, address] of Object.entries(metrics ?? {}))
    if (address !== undefined) rows.push([`Metrics (${role})`, address]);
  if (retentionDays < wishedRetentionDays) {
    rows.push([
      'Note',
      `ended tasks are kept for ${retentionDays} days; \`${ownCommand('setup')}\` raises this to 30`,
    ]);
  }
  const width = Math.max(...rows.map(([label]) => label.length));
  const secret = issuer === undefined ? 'password in place of PASSWORD' : 'token in place of TOKEN';
  const placeholder = firstUser?.password === undefined ? `, with your ${secret}` : '';
  return [
    'Taskbell is ready.',
    '',
    ...rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}`),
    '',
    `A task due in 10 seconds${placeholder}:`,
    '',
    `  ${issuer === undefined ? curlLine(url, firstUser) : createLine(url, 'TOKEN')}`,
    '',
    'Ctrl-C stops it.',
  ].join('\n');
}

function signInAs({ name, password }: FirstUser): string {
  return password === undefined
    ? `user ${name}, who has never signed in; \`${ownCommand(`users passwd ${name}`)}\` sets a new password`
    : `user ${name}, password ${password} (shown only this once)`;
}

/** Returns a single line that works when pasted into a POSIX shell. */
export function curlLine(url: string, user: FirstUser | null): string {
  const credentials = { username: user?.name ?? 'admin', password: user?.password ?? 'PASSWORD' };
  const json = `-H 'Content-Type: application/json'`;
  const token = `$(curl -s ${url}/api/token/ ${json} -d ${quote(JSON.stringify(credentials))} | sed 's/.*"access": *"\\([^"]*\\)".*/\\1/')`;
  return createLine(url, token);
}

/** Payload of the first task: small enough for one line, and large enough for a chart. */
const firstData = 'city,temp\nOslo,3\nRome,17\nLima,20\n';

function createLine(url: string, token: string): string {
  const json = `-H 'Content-Type: application/json'`;
  const task = quote(JSON.stringify({ name: 'My first task', delay: 10, payload: { csv: firstData } }));
  return `curl -s ${url}/api/tasks/ -H "Authorization: Bearer ${token}" ${json} -d ${task}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
