import { preview, previewInput } from '../../contract/schedule.ts';
import { json, problems } from '../responses.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const previewRoute = signedInRoute({
  method: 'post',
  path: '/api/schedules/preview',
  operationId: 'previewSchedule',
  summary: 'Preview the times of a schedule',
  description:
    'Creates nothing. Returns the next times, which of them come twice or not at all because clocks are turned, and what ' +
    'they are in words. Times that never come, or a text that is not understood, are 400 with a pointer.',
  tags: ['Schedules'],
  rules: { scope: 'read' },
  request: { body: { content: { 'application/json': { schema: previewInput } }, required: true } },
  responses: { 200: json(preview, 'The times.'), ...problems(400, 413, 415) },
});

export function scheduleRoutes(routes: RouteTable, { schedules }: RouteDependencies): void {
  routes.add(previewRoute, (c) => c.json(schedules.preview(c.req.valid('json')), 200));
}
