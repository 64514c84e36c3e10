import { type Assets, answerWith } from '../assets.ts';
import { servesPage } from '../security-headers.ts';
import type { Api } from '../types.ts';

/** Serves GET /docs: the API reference for people, and its files. */
export function docsRoutes(app: Api, assets: Assets): void {
  app.use('/docs/*', servesPage);
  app.get('/docs', (c, next) => {
    const page = assets.get('index.html');
    return page ? answerWith(c, page) : next();
  });
  app.get('/docs/:name', (c, next) => {
    const asset = assets.get(c.req.param('name'));
    return asset ? answerWith(c, asset) : next();
  });
}
