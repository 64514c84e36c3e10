import { type Browser, type BrowserServer, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, inject } from 'vitest';

export type { Browser, Page };

declare module 'vitest' {
  interface ProvidedContext {
    /** WebSocket address of the browser that test files share: `useBrowser()`. */
    browser: string;
  }
}

const options = {
  // Debian's Chromium without a window, at a third of the CPU time. The test set-up installs it.
  executablePath: '/usr/bin/chromium-headless-shell',
  // The sandbox needs privileges that containers lack; only our own pages are opened.
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
};

export function launchBrowser(): Promise<Browser> {
  return chromium.launch(options);
}

export function startBrowserServer(): Promise<BrowserServer> {
  return chromium.launchServer({ ...options, host: '127.0.0.1' });
}

export type Pages = Pick<Browser, 'newPage' | 'newContext'>;

/** Connects to the shared browser in the file's `beforeAll`. The pages it opens are closed after the file's tests. */
export function useBrowser(): Pages {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.connect(inject('browser'));
  });
  afterAll(async () => {
    await browser?.close();
  });
  const connected = (): Browser => {
    if (browser === undefined) throw new Error('The browser is not connected before beforeAll.');
    return browser;
  };
  return {
    newPage: (options) => connected().newPage(options),
    newContext: (options) => connected().newContext(options),
  };
}

/** Errors and warnings of a page, and the URLs that it has requested. */
export interface Observed {
  /** Console errors and warnings, including violations of the Content-Security-Policy, and uncaught errors. */
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
