import type { TestProject } from 'vitest/node';
import { startTestServer, type TestServer } from '../temporal.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Temporal server that all test projects share. Each file needs its own task queue. */
    temporal: { address: string; namespace: string; webUiUrl: string };
  }
}

/** Vitest loads this module once for each project, so the process holds the server that they share. */
const holder = globalThis as { taskbellTestServer?: { server: Promise<TestServer>; projects: number } };

/** Provides a project with the server. @returns how the project gives it back. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (holder.taskbellTestServer ??= { server: startTestServer(), projects: 0 });
  shared.projects += 1;
  const { address, namespace, webUiUrl } = await shared.server;
  project.provide('temporal', { address, namespace, webUiUrl });
  return async () => {
    shared.projects -= 1;
    if (shared.projects > 0) return;
    delete holder.taskbellTestServer;
    await (await shared.server).close();
  };
}
