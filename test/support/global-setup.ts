import type { TestProject } from 'vitest/node';
import { startTestServer } from './temporal.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The Temporal server that all test files share: `inject('temporal')`. Take a task queue of your own. */
    temporal: { address: string; namespace: string; webUiUrl: string };
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestServer();
  const { address, namespace, webUiUrl } = server;
  project.provide('temporal', { address, namespace, webUiUrl });
  return () => server.close();
}
