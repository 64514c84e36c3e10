/** Links to the Temporal Web UI. */
import { workflowIdOf } from '../contract/run-id.ts';
import type { Actor } from '../resources/actor.ts';
import type { ServiceContext } from './context.ts';
import type { Execution } from './execution.ts';

/** Returns a function that returns the address of a run's page, if there is a Web UI. @param webUiUrl its base URL. */
export function createWebUiPages(
  webUiUrl: string | undefined,
  namespace: string,
): ServiceContext['webUiPage'] {
  return (id, runId) =>
    webUiUrl === undefined
      ? undefined
      : `${webUiUrl.replace(/\/$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowIdOf(id))}/${runId}/history`;
}

/** Returns the link to a run's page; for admins only, since the Temporal Web UI shows the tasks of every owner. */
export function webUiLink(
  { webUiPage }: ServiceContext,
  actor: Actor,
  { id, runId }: Pick<Execution, 'id' | 'runId'>,
): string | undefined {
  return actor.role === 'admin' ? webUiPage(id, runId) : undefined;
}
