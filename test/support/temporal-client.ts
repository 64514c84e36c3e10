import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';

/** Connects to the Temporal server that the test files share, in its namespace. The caller closes the connection. */
export async function connectTemporal(): Promise<Client> {
  const { address, namespace } = inject('temporal');
  return new Client({ connection: await Connection.connect({ address }), namespace });
}
