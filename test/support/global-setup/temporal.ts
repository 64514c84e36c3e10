import type { TestProject } from 'vitest/node';
import { prepareNamespace, startTestServer, type TestServer } from '../temporal.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Temporal server that all test projects share. Each file needs its own task queue. */
    temporal: { address: string; namespace: string; webUiUrl: string };
  }
}

/** Vitest loads this module once for each project, so the process holds the server that they share. */
const holder = globalThis as {
  taskbellTestServer?: { server: ReturnType<typeof startOrUseServer>; projects: number };
};

/** Provides a project with the server. @returns how the project gives it back. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const shared = (holder.taskbellTestServer ??= { server: startOrUseServer(), projects: 0 });
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

/** Uses the server and the namespace that TEST_TEMPORAL_ADDRESS and TEST_TEMPORAL_NAMESPACE name, or starts one. */
async function startOrUseServer(): Promise<Pick<TestServer, 'address' | 'namespace' | 'webUiUrl' | 'close'>> {
  const { TEST_TEMPORAL_ADDRESS: address, TEST_TEMPORAL_NAMESPACE: namespace = 'default' } = process.env;
  if (address === undefined) return startTestServer();
  await prepareNamespace(address, namespace);
  return { address, namespace, webUiUrl: 'http://127.0.0.1:8233', close: async () => undefined };
}
