import { defineConfig, type TestProjectConfiguration } from 'vitest/config';

/** Files whose tests assert a duration, a share or a resource: each runs with the machine to itself. */
const alone = [
  'test/unit/types/process-data-memory.test.ts',
  'test/browser/many-tasks.test.ts',
  'test/e2e/{fairness,resume,dealing}.test.ts',
];
/** Files that start, kill and count processes of their own. */
const processes = [
  'test/pool/**/*.test.ts',
  'test/e2e/{compose,demo,engine,faults,keys,losses,misbehaviour,recycling,stopping,up,users}.test.ts',
];

/** Projects run one after the other, in this order: each has its own number of files that run at once. */
const projects: TestProjectConfiguration[] = [
  {
    extends: true,
    test: {
      name: 'unit',
      include: ['test/{unit,replay}/**/*.test.ts'],
      exclude: alone,
      // Files keep no state in modules, so that they can share them: half the time goes into loading them.
      isolate: false,
      maxWorkers: 2,
      sequence: { groupOrder: 0 },
    },
  },
  {
    extends: true,
    test: {
      name: 'service',
      include: ['test/{api,bridge,client,compat,browser,e2e}/**/*.test.ts'],
      exclude: [...alone, ...processes],
      globalSetup: ['test/support/global-setup/service.ts'],
      isolate: false,
      maxWorkers: 4,
      sequence: { groupOrder: 1 },
    },
  },
  {
    extends: true,
    test: {
      name: 'processes',
      include: processes,
      globalSetup: ['test/support/global-setup/temporal.ts'],
      maxWorkers: 3,
      sequence: { groupOrder: 2 },
    },
  },
  {
    extends: true,
    test: {
      name: 'alone',
      include: alone,
      globalSetup: ['test/support/global-setup/temporal.ts'],
      maxWorkers: 1,
      sequence: { groupOrder: 3 },
    },
  },
];

export default defineConfig({
  test: {
    // Longer than any wait within a test, so that the wait says what it waited for.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The default of one second is less than this takes on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    projects,
  },
});
