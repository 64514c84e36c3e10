import { createRouteTable, type Endpoint, type RouteDependencies, type RouteTable } from '../route.ts';
import { bulkRoutes } from './bulk.ts';
import { commandRoutes } from './commands.ts';
import { eventRoutes } from './events.ts';
import { healthRoutes } from './health.ts';
import { historyRoutes } from './history.ts';
import { listRoutes } from './list.ts';
import { overviewRoutes } from './overview.ts';
import { scheduleRoutes } from './schedules.ts';
import { sessionRoutes } from './sessions.ts';
import { taskTypeRoutes } from './task-types.ts';
import { taskChangeRoutes } from './task-changes.ts';
import { taskRoutes } from './tasks.ts';
import { tokenRoutes } from './tokens.ts';

/** Adds the routes of one resource. */
type Resource = (routes: RouteTable, dependencies: RouteDependencies) => void;

/** The resources of the API, in the order of the OpenAPI document. */
const resources: readonly Resource[] = [
  tokenRoutes,
  sessionRoutes,
  listRoutes,
  overviewRoutes,
  bulkRoutes,
  taskRoutes,
  taskChangeRoutes,
  historyRoutes,
  eventRoutes,
  commandRoutes,
  scheduleRoutes,
  taskTypeRoutes,
  healthRoutes,
];

/** Returns the routes of all resources, with their handlers. */
export function endpointsOf(dependencies: RouteDependencies): readonly Endpoint[] {
  const routes = createRouteTable();
  for (const add of resources) add(routes, dependencies);
  return routes.endpoints;
}
