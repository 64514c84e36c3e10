/** The client for browsers, and for runtimes for which the caller provides a WebSocket. */
export { type Client, type ClientOptions, createClient } from './client.ts';
export type { Credentials } from './credentials.ts';
export { TaskbellError } from './errors.ts';
export type { FeedOptions, Notice } from './feed.ts';
export type { WebSocketConstructor, WebSocketLike } from './sockets.ts';
export type { CallOptions, CreateOptions, EditOptions, RetryOptions, Selection } from './tasks.ts';
export type * from './types.ts';
export type { TaskEvent, WatchOptions } from './watch.ts';
