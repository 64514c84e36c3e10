import type { Context } from 'hono';
import { type KnownSession, pageAddresses, sessionMeta } from '../../contract/pages.ts';
import type { Access } from '../access.ts';
import { type Asset, type Assets, answerWith } from '../assets.ts';
import { servesPage } from '../security-headers.ts';
import type { Api, ApiEnv } from '../types.ts';

interface Dependencies {
  readonly dashboard: Assets;
  readonly access: Pick<Access, 'knownSession'>;
}

/** Serves the web app and its files. It is one page, which shows the view for its address. */
export function dashboardRoutes(app: Api, { dashboard: assets, access }: Dependencies): void {
  for (const address of [...pageAddresses, '/favicon.svg', '/assets/*']) app.use(address, servesPage);
  for (const address of pageAddresses) {
    app.get(address, (c, next) => {
      const page = assets.get('index.html');
      if (!page) return next();
      const known = access.knownSession(c);
      return known === 'unknown' ? answerWith(c, page) : answerKnowing(c, page, known);
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
export function noSuchPage(
  c: Context<ApiEnv>,
  { dashboard: assets, access }: Dependencies,
): Response | undefined {
  const { method, path } = c.req;
  const isOfApi = /^\/(?:api|ws)(?:\/|$)/.test(path);
  const isBrowsing = method === 'GET' && (c.req.header('Accept') ?? '').includes('text/html');
  const page = isOfApi || !isBrowsing ? undefined : assets.get('index.html');
  if (!page) return undefined;
  c.set('isPage', true);
  return answerKnowing(c, page, access.knownSession(c), 404);
}

/**
 * Responds with a page that knows of its viewer's session. Not to be kept at all: going back after a sign-in, a browser
 * would show it without a request.
 */
function answerKnowing(
  c: Context<ApiEnv>,
  { type, body }: Asset,
  known: KnownSession,
  status: 200 | 404 = 200,
): Response {
  const element = (session: KnownSession): string => `<meta name="${sessionMeta}" content="${session}"`;
  const page = new TextDecoder().decode(body).replace(element('unknown'), element(known));
  return c.body(page, status, { 'Content-Type': type, 'Cache-Control': 'no-store' });
}
