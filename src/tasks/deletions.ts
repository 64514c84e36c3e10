/**
 * Notices of deletions. A deleted task leaves nothing that a list could show, so the API process that has deleted tasks
 * starts a run that names them, which every API process finds in the list of writes. No worker ever takes the run: its
 * start is delayed for longer than it exists. The process that has posted a notice removes it, or else the server ends it.
 */
import { randomUUID } from 'node:crypto';
import { deletionsWorkflowType, searchAttributes } from '../contract/names.ts';
import { decode } from '../temporal/payload.ts';
import type { Temporal, WorkflowRunId } from '../temporal/temporal.ts';
import type { ExecutionInfo } from '../temporal/visibility.ts';

export interface Deletion {
  readonly id: string;
  readonly owner: string;
  /** Instant of the deletion, in milliseconds: a task that was created later under the same id is another one. */
  readonly at: number;
}

const startDelayMs = 60_000;
/** Time until the server ends a notice that was not removed, after the delay; in milliseconds. */
const endAfterMs = 1000;

/** Posts a notice. @returns the run to remove once every list has shown it. */
export async function postDeletions(
  temporal: Pick<Temporal, 'start' | 'clock'>,
  deletions: readonly Deletion[],
): Promise<Required<WorkflowRunId>> {
  const id = `deletions-${randomUUID()}`;
  const runId = await temporal.start<[]>(deletionsWorkflowType, {
    workflowId: id,
    args: [],
    memo: { deletions },
    typedSearchAttributes: [{ key: searchAttributes.updatedAt, value: new Date(temporal.clock.now()) }],
    staticSummary: 'Deleted tasks, for the feeds of other API processes',
    startDelay: startDelayMs,
    workflowExecutionTimeout: endAfterMs,
  });
  return { id, runId };
}

/** Returns the deletions of a listed run: none unless it is a notice. */
export function readDeletions(info: ExecutionInfo): readonly Deletion[] {
  if (info.type?.name !== deletionsWorkflowType) return [];
  return decode<Deletion[]>(info.memo?.fields?.['deletions']) ?? [];
}
