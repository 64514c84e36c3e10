import { z } from '@hono/zod-openapi';
import { jsonSchemaOf } from '../../../activities/types/index.ts';
import { taskTypeExample } from '../../contract/examples.ts';
import { json, problems } from '../responses.ts';
import { type RouteDependencies, type RouteTable, signedInRoute } from '../route.ts';

const taskType = z
  .object({
    name: z.string(),
    description: z.string(),
    payload: z.looseObject({}).meta({ description: "JSON Schema of the type's payload." }),
  })
  .meta({ id: 'TaskType', examples: [taskTypeExample] });

const list = signedInRoute({
  method: 'get',
  path: '/api/task-types',
  operationId: 'listTaskTypes',
  summary: 'List the task types',
  description:
    'Returns the built-in task types and those added to this service. The payload of a task is validated against ' +
    '`payload`, the JSON Schema of its type.',
  tags: ['Task types'],
  responses: { 200: json(z.array(taskType), 'The task types.'), ...problems() },
});

export function taskTypeRoutes(routes: RouteTable, { taskTypes }: RouteDependencies): void {
  const types = taskTypes.list().map(({ name, description, payload }) => ({
    name,
    description,
    payload: jsonSchemaOf(payload),
  }));
  routes.add(list, (c) => c.json(types, 200));
}
