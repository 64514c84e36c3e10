/**
 * Pings as messages, for clients that ask for them by the subprotocol: browsers answer the pings of WebSocket without
 * an event, so a page would not notice that a connection is half open.
 */
export const pingProtocol = 'taskbell.ping';
export const pingMessage = { type: 'ping' } as const;
/** Interval between two pings, in milliseconds. */
export const pingEveryMs = 5000;
