import type { TestProject } from 'vitest/node';
import { startTestServer, type TestServer } from '../temporal.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Temporal server of the test project. Files share it, so each needs its own task queue. */
    temporal: { address: string; namespace: string; webUiUrl: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await provideTemporal(project);
  return () => server.close();
}

export async function provideTemporal(project: TestProject): Promise<TestServer> {
  const server = await startTestServer();
  const { address, namespace, webUiUrl } = server;
  project.provide('temporal', { address, namespace, webUiUrl });
  return server;
}
