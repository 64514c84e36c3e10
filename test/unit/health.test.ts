import { expect, test } from 'vitest';
import { createRouteTable } from '../../src/api/route.ts';
import { healthRoutes } from '../../src/api/routes/health.ts';
import { appOf } from '../support/app.ts';

test('/readyz is 503 while Temporal answers without its database, and asks at most once a second', async () => {
  let asked = 0;
  const tasks = {
    now: Date.now,
    workersSeen: async () => [],
    assertStoreAnswers: () => {
      asked += 1;
      return Promise.reject(new Error('no usable database connection'));
    },
  };
  const routes = createRouteTable();
  healthRoutes(routes, { tasks } as unknown as Parameters<typeof healthRoutes>[1]);
  const app = appOf(routes);
  for (let i = 0; i < 10; i += 1) {
    const response = await app.request('/readyz');
    expect(response.status).toBe(503);
    expect(response.headers.get('Retry-After')).toBe('5');
  }
  expect(asked).toBe(1);
});
