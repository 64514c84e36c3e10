import type { Api } from './types.ts';

const info = {
  openapi: '3.1.0',
  info: {
    title: 'Taskbell',
    version: '1.0.0',
    description:
      'Runs a task at a time you name, keeps the promise through crashes, and shows you live what is happening.',
  },
};

/** GET /openapi.json */
export function openApiRoute(app: Api): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An access token, or an API key (`tb_…`).',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'taskbell_session',
    description:
      'A session of the dashboard (by https: `__Host-taskbell_session`). What writes needs `X-CSRF-Token` too.',
  });
  app.doc31('/openapi.json', info);
}

/**
 * The methods that a path knows, for the answer to one that it does not.
 * @param path as the router sees it, without its trailing slash.
 */
export function allowedMethods(app: Api, path: string): string[] {
  return app.openAPIRegistry.definitions.flatMap((definition) => {
    if (definition.type !== 'route') return [];
    const pattern = new RegExp(`^${definition.route.path.replace(/\{[^}]+\}/g, '[^/]+')}$`);
    if (!pattern.test(path)) return [];
    const method = definition.route.method.toUpperCase();
    return method === 'GET' ? ['GET', 'HEAD'] : [method];
  });
}
