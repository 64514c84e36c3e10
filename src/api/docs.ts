import { type Assets, answerWith } from './assets.ts';
import type { Api } from './types.ts';

/** GET /docs: the description of the interface for people, and the files that it is made of. */
export function docsRoutes(app: Api, assets: Assets): void {
  app.get('/docs', (c, next) => {
    const page = assets.get('index.html');
    return page ? answerWith(c, page) : next();
  });
  app.get('/docs/:name', (c, next) => {
    const asset = assets.get(c.req.param('name'));
    return asset ? answerWith(c, asset) : next();
  });
}
