import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { showProgress } from '../../../src/processes/progress.ts';
import { curlLine, summary } from '../../../src/processes/up-summary.ts';

const url = 'http://127.0.0.1:8000';

describe('the curl line', () => {
  test('gets a token and creates a task when it is pasted into a shell', () => {
    const line = curlLine(url, { name: 'admin', password: `it's "$HOME" \\ \`x\`` });
    // A curl function that prints its arguments; to the token request it answers as the API does.
    const curl = `curl() { case "$2" in */token/) printf '%s' "$6" >&2; echo '{"refresh":"r","access":"a.b-c"}';;
      *) printf '%s\\n' "$@";; esac; }`;
    const shell = spawnSync('sh', ['-c', `${curl}\n${line}`], { encoding: 'utf8' });
    expect(shell.stdout.trim().split('\n')).toEqual([
      '-s',
      `${url}/api/tasks/`,
      '-H',
      'Authorization: Bearer a.b-c',
      '-H',
      'Content-Type: application/json',
      '-d',
      String.raw`{"name":"My first task","delay":10,"payload":{"csv":"city,temp\nOslo,3\nRome,17\nLima,20\n"}}`,
    ]);
    expect(JSON.parse(shell.stderr)).toEqual({ username: 'admin', password: `it's "$HOME" \\ \`x\`` });
  });
});

describe('the summary', () => {
  test('shows a new password and the sign-in link', () => {
    const text = summary({
      url,
      webUiUrl: undefined,
      retentionDays: 30,
      firstUser: { name: 'admin', password: 'pw', link: `${url}/#sign-in=token` },
    });
    const lines = text.split('\n').map((line) => line.trim());
    expect(text).toContain('user admin, password pw (shown only this once)');
    const label = lines.indexOf(
      'Sign-in link  signs you in to the dashboard; works once, within 15 minutes:',
    );
    expect(lines[label + 1]).toBe(`${url}/#sign-in=token`);
    expect(text).not.toContain('Note');
    expect(text).not.toContain('users link');
  });

  test('mentions no link if there is none', () => {
    const firstUser = { name: 'admin', password: 'pw' };
    const text = summary({ url, webUiUrl: undefined, retentionDays: 30, firstUser });
    expect(text).toContain('password pw');
    expect(text.toLowerCase()).not.toContain('link');
  });

  test('shows a link to the first user whose password was never shown, and says how to set one', () => {
    const firstUser = { name: 'admin', link: `${url}/#sign-in=token` };
    const text = summary({ url, webUiUrl: undefined, retentionDays: 30, firstUser });
    expect(text).toContain('user admin, who has never signed in');
    expect(text).toContain('users passwd admin');
    expect(text).toContain(`${url}/#sign-in=token`);
    expect(text).toContain('with your password in place of PASSWORD:');
    expect(text).not.toContain('undefined');
  });

  test('says how to get a link after the first start', () => {
    const text = summary({ url, webUiUrl: undefined, retentionDays: 30, firstUser: null });
    expect(text).toContain('Sign-in link  `npm run taskbell -- users link NAME` prints one');
    expect(text).not.toContain('#sign-in=');
  });

  test('says what to replace when no password is known, and that ended tasks are kept for a short time', () => {
    const text = summary({ url, webUiUrl: 'http://ui', retentionDays: 3, firstUser: null });
    expect(text).toContain('with your password in place of PASSWORD:');
    expect(text).toContain('"password":"PASSWORD"');
    expect(text).toContain('ended tasks are kept for 3 days');
  });

  test('has the addresses of the metrics, if they are on', () => {
    const metrics = { api: 'http://api:1/metrics', worker: 'http://worker:2/metrics' };
    const text = summary({ url, webUiUrl: undefined, metrics, retentionDays: 30, firstUser: null });
    expect(text).toMatch(
      /Metrics \(api\) +http:\/\/api:1\/metrics\n +Metrics \(worker\) +http:\/\/worker:2\/metrics\n/,
    );
  });
});

test('the summary of a service with an identity provider asks for a token from it', () => {
  const issuer = 'https://login.example';
  const text = summary({ url, webUiUrl: undefined, retentionDays: 30, firstUser: null, issuer });
  expect(text).toContain('with a token from https://login.example');
  expect(text).toContain('with your token in place of TOKEN:');
  expect(text).toContain('"Authorization: Bearer TOKEN"');
  expect(text.toLowerCase()).not.toMatch(/password|link/);
});

describe('the progress', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function open(terminal: boolean) {
    const stream = new PassThrough();
    const display = showProgress(Object.assign(stream, { isTTY: terminal, hasColors: () => terminal }));
    return { display, written: () => String(stream.read() ?? '') };
  }

  test('prints a line every 15 s where lines cannot be rewritten', async () => {
    const { display, written } = open(false);
    display.report({ waitingFor: 'Building' });
    await vi.advanceTimersByTimeAsync(14_000);
    expect(written()).toBe('Building… 0:00\n');
    display.report({ waitingFor: 'Building', detail: 'package 7' });
    await vi.advanceTimersByTimeAsync(66_500);
    expect(written().split('\n').slice(0, 2)).toEqual([
      'Building… 0:15 (package 7)',
      'Building… 0:30 (package 7)',
    ]);
    display.clear();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(written()).toBe('');
  });

  test('rewrites one line on a terminal, and clears it at the end', async () => {
    const { display, written } = open(true);
    display.report({ waitingFor: 'Building' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(written()).toBe('Building… 0:00\r\u001B[2KBuilding… 0:01');
    display.clear();
    expect(written()).toBe('\r\u001B[2K');
  });

  test('prints nothing for a step that takes almost no time', async () => {
    const { display, written } = open(true);
    display.report({ waitingFor: 'Building' });
    await vi.advanceTimersByTimeAsync(400);
    display.clear();
    expect(written()).toBe('');
  });
});
