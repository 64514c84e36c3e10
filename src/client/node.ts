/** The client for Node.js, which has had a WebSocket of its own only since version 22. */
import { WebSocket } from 'ws';
import { type Client, type ClientOptions, createClient as create } from './client.ts';

export * from './index.ts';

export function createClient(options: ClientOptions): Client {
  return create({ WebSocket, ...options });
}
