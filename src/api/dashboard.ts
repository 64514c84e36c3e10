import { type Assets, answerWith } from './assets.ts';
import type { Api } from './types.ts';

/** Where people find themselves in the web app: one page, which shows what its address says. */
const addresses = ['/', '/tasks', '/tasks/new', '/tasks/:id'];
const pattern = /^\/(?:assets\/.*|favicon\.svg|tasks(?:\/[^/]*)?)?\/?$/;

/** Whether an address is the web app's; /tasks/ID/status, which the service before had, is data. */
export function isDashboard(path: string): boolean {
  return pattern.test(path);
}

/** GET /: the web app, and the files that it is made of. */
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
    // The build puts a hash into their names.
    return asset ? answerWith(c, asset, { lasting: true }) : next();
  });
}
