import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take most of a minute or more, mostly waiting. Started last, they would still be running when all others are done. */
const longest = [
  'e2e/losses',
  'e2e/stopping',
  'e2e/up',
  'api/overview',
  'browser/tasks',
  'api/after',
  'e2e/misbehaviour',
  'browser/task',
  'pool/pool',
  'e2e/demo',
  'e2e/resume',
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
