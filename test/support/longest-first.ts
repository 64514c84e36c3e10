import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Files that take half a minute or more, mostly waiting, longest first. Started last, they would still be running when
 * all others are done.
 */
const longest = [
  'e2e/losses',
  'browser/tasks',
  'browser/task',
  'e2e/stopping',
  'e2e/misbehaviour',
  'pool/pool',
  'api/overview',
  'e2e/up',
  'api/after',
  'e2e/demo',
  'browser/forms',
  'browser/overview',
  'e2e/resume',
  'e2e/dispatch',
  'api/filters',
  'e2e/engine',
  'browser/accounts',
  'e2e/faults',
  'browser/task-dialogs',
  'e2e/commands',
  'e2e/compose',
  'pool/modules',
  'unit/types/process-data-resume',
];
/** The other files come project by project: a worker process can only be shared within one. */
const projects = ['unit', 'service', 'processes', 'alone'];

/** Starts the longest files first, and the others in vitest's own order within their projects. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId, project }: TestSpecification): number {
  const index = longest.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`));
  return index === -1 ? longest.length + projects.indexOf(project.name) : index;
}
