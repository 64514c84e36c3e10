import { type Assets, answerWith } from './assets.ts';
import type { Api } from './types.ts';

/** Addresses of the web app's views. It is one page, which shows the view for its address. */
const addresses = ['/', '/tasks', '/tasks/new', '/tasks/:id'];
const pattern = /^\/(?:assets\/.*|favicon\.svg|tasks(?:\/[^/]*)?)?\/?$/;

/** Whether an address is the web app's. /tasks/ID/status, from the previous service, is data. */
export function isDashboard(path: string): boolean {
  return pattern.test(path);
}

/** Serves GET /: the web app and its files. */
export function dashboardRoutes(app: Api, assets: Assets): void {
  for (const address of addresses) {
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
