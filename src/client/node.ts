/** The client for Node.js, which has had its own WebSocket only since version 22. */
import { WebSocket } from 'ws';
import { type Client, type ClientOptions, createClient as create } from './client.ts';

export * from './index.ts';

export function createClient(options: ClientOptions): Client {
  return create({ WebSocket, ...options });
}
