import { onTestFinished } from 'vitest';
import { createTaskTypes } from '../../activities/types/index.ts';
import { createTaskService, type TaskService, type TaskServiceOptions } from '../../src/tasks/service.ts';
import type { Telemetry } from '../../src/metrics/telemetry.ts';
import { createTemporal } from '../../src/temporal/temporal.ts';
import type { Service } from './service.ts';

/** Returns a service's tasks, read and changed from within the test. */
export function ownTaskService(
  { environment, taskQueue }: Pick<Service, 'environment' | 'taskQueue'>,
  { telemetry, ...options }: Partial<TaskServiceOptions> & { readonly telemetry?: Telemetry } = {},
): TaskService {
  const { TEMPORAL_ADDRESS: address = '', TEMPORAL_NAMESPACE: namespace = '' } = environment;
  const temporal = createTemporal({
    connection: { address },
    namespace,
    taskQueue,
    identity: 'test',
    ...(telemetry && { telemetry }),
  });
  onTestFinished(() => temporal.close());
  return createTaskService({
    temporal,
    taskTypes: createTaskTypes({ dataDir: undefined, httpAllowHosts: [] }),
    maxOpenTasks: 0,
    webUiUrl: undefined,
    ...options,
  });
}
