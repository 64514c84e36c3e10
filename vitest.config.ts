import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    // Longer than what a test waits for, so that the wait says what it waited for.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // The default of a second is less than this takes on a busy machine.
    expect: { poll: { timeout: 15_000 } },
  },
});
