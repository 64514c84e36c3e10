import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

/** Files whose tests assert a duration, a share or a resource: each has the machine to itself. */
const alone = [
  'test/unit/types/process-data-memory.test.ts',
  'test/e2e/{fairness,many-tasks,memory-limits}.test.ts',
];
/** Files whose tests count the child processes of their own process. */
const isolated = ['test/pool/**/*.test.ts', 'test/e2e/{demo,engine,up}.test.ts'];

/** Number of files that run at once. Most of them wait most of the time. */
const atOnce = 4;

/**
 * Groups run one after the other, by `groupOrder`; files of a group run at once, as many as `maxWorkers`. A group's
 * projects need the same number.
 */
const projects: TestProjectConfiguration[] = [
  {
    extends: true,
    test: {
      name: 'unit',
      include: ['test/{unit,replay}/**/*.test.ts'],
      exclude: alone,
      setupFiles: ['test/support/openapi.ts'],
      // Modules keep no state, so files can share them: loading them takes as long as the tests.
      isolate: false,
      maxWorkers: 2,
      sequence: { groupOrder: 0 },
    },
  },
  {
    extends: true,
    test: {
      name: 'service',
      include: ['test/{api,bridge,browser,client,compat,e2e}/**/*.test.ts'],
      exclude: [...alone, ...isolated],
      globalSetup: ['test/support/global-setup/service.ts'],
      setupFiles: ['test/support/openapi.ts'],
      isolate: false,
      maxWorkers: atOnce,
      sequence: { groupOrder: 1 },
    },
  },
  {
    extends: true,
    test: {
      name: 'processes',
      include: isolated,
      globalSetup: ['test/support/global-setup/temporal.ts'],
      maxWorkers: atOnce,
      sequence: { groupOrder: 1 },
    },
  },
  {
    extends: true,
    test: {
      name: 'alone',
      include: alone,
      globalSetup: ['test/support/global-setup/temporal.ts'],
      maxWorkers: 1,
      sequence: { groupOrder: 2 },
    },
  },
];

export default defineConfig({
  test: {
    // Longer than any wait within a test, so that the wait says what it waited for.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // By default a poll lasts one second, less than this takes on a busy machine, and asks twenty times in it.
    expect: { poll: { timeout: 15_000, interval: 100 } },
    sequence: { sequencer: LongestFirst },
    projects,
  },
});
