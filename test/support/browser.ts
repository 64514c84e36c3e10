import { type Browser, chromium, type Page } from 'playwright-core';

export type { Browser, Page };

/** Debian's chromium; the test set-up installs it. */
const executablePath = '/usr/bin/chromium';

export function launchBrowser(): Promise<Browser> {
  // The sandbox needs privileges that containers lack; only pages of our own are opened.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** What a page has complained about, and asked for. */
export interface Observed {
  /** Errors and warnings in its console, violations of its Content-Security-Policy among them. */
  readonly complaints: string[];
  readonly urls: string[];
}

export function observe(page: Page): Observed {
  const observed: Observed = { complaints: [], urls: [] };
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') observed.complaints.push(message.text());
  });
  page.on('pageerror', (error) => observed.complaints.push(error.message));
  page.on('request', (request) => observed.urls.push(request.url()));
  return observed;
}
