import type { MiddlewareHandler } from 'hono';
import { withinDeadline } from '../lib/deadline.ts';

/** Time for all calls that a request makes together, in milliseconds: it is answered within five seconds. */
const requestMs = 4500;

/** Gives a request its deadline. A request makes up to seven calls, each of which may take its time. */
export const limitTime: MiddlewareHandler = (_c, next) => withinDeadline(requestMs, next);
