import { pageAddresses } from '../../contract/pages.ts';
import { type Assets, answerWith } from '../assets.ts';
import { servesPage } from '../security-headers.ts';
import type { Context } from 'hono';
import type { Api, ApiEnv } from '../types.ts';

/** Serves the web app and its files. It is one page, which shows the view for its address. */
export function dashboardRoutes(app: Api, assets: Assets): void {
  for (const address of [...pageAddresses, '/favicon.svg', '/assets/*']) app.use(address, servesPage);
  for (const address of pageAddresses) {
    app.get(address, (c, next) => {
      const page = assets.get('index.html');
      return page ? answerWith(c, page) : next();
    });
  }
  app.get('/favicon.svg', (c, next) => {
    const icon = assets.get('favicon.svg');
    return icon ? answerWith(c, icon) : next();
  });
  app.get('/assets/:name', (c, next) => {
    const asset = assets.get(`assets/${c.req.param('name')}`);
    // The build puts a hash into the names of these files.
    return asset ? answerWith(c, asset, { lasting: true }) : next();
  });
}

/**
 * Responds to a browser with the web app, which says that there is no such page.
 * @returns undefined for all other clients, and for addresses of the API.
 */
export function noSuchPage(c: Context<ApiEnv>, assets: Assets): Response | undefined {
  const { method, path } = c.req;
  const isOfApi = /^\/(?:api|ws)(?:\/|$)/.test(path);
  const isBrowsing = method === 'GET' && (c.req.header('Accept') ?? '').includes('text/html');
  const page = isOfApi || !isBrowsing ? undefined : assets.get('index.html');
  if (!page) return undefined;
  c.set('isPage', true);
  return c.body(page.body, 404, { 'Content-Type': page.type, 'Cache-Control': 'no-cache' });
}
